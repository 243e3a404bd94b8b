// A real OpenID provider (npm `oidc-provider`): whoever gives a name may sign in.
// node openid-provider.mjs MODULE '{"issuer": …, "port": …, "shop": …, "seconds": …}'

const [module, options] = process.argv.slice(2);
const { Provider } = await import(module);
const { issuer, port, shop, seconds } = JSON.parse(options);
const api = "screens:read screens:write orders:read orders:write audit:read";

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "shop",
      client_secret: "hunter2-hunter2-hunter2",
      redirect_uris: [`${shop}/callback`],
      post_logout_redirect_uris: [`${shop}/`],
      backchannel_logout_uri: `${shop}/backchannel-logout`,
      backchannel_logout_session_required: true,
      grant_types: ["authorization_code", "refresh_token"],
    },
  ],
  scopes: ["openid", "offline_access", "profile", ...api.split(" ")],
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:orders",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: api,
        audience: "orders-service",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  // Without its guard against private addresses: the service is on this machine.
  fetch: (url, { dispatcher, ...given }) => globalThis.fetch(url, given),
  cookies: { keys: ["for-tests-only"] },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: seconds,
    RefreshToken: 3600,
    Session: 3600,
    Grant: 3600,
    IdToken: 3600,
    Interaction: 600,
  },
});

// What tests count, a line each.
for (const name of ["grant.success", "grant.error", "backchannel.success", "backchannel.error"]) {
  provider.on(name, (ctx, error) => {
    const told = error instanceof Error ? `${error.message} ${error.cause ?? ""}` : undefined;
    console.log(JSON.stringify({ event: name, grant: ctx?.oidc?.params?.grant_type, error: told }));
  });
}
provider.listen(port, "127.0.0.1");
