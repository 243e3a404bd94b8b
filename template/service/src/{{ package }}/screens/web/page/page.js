// The page: who is signed in, their home screen, one action, and signing out.

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
let csrfToken = "";

// Fetches JSON; throws an Error with the `detail` of the problem and its `status`.
async function ask(path, options = {}) {
  const headers = { accept: "application/json", ...options.headers };
  if (options.method === "POST") headers["x-csrf-token"] = csrfToken;
  const answer = await fetch(path, { ...options, headers });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const error = new Error(body.detail ?? body.title ?? `The answer was ${answer.status}.`);
  throw Object.assign(error, { status: answer.status });
}

function tell(error) {
  if (error.status === 401) showSignedOut();
  $("problem").textContent = error.status === 401 ? "" : error.message;
  $("problem").hidden = $("problem").textContent === "";
}

function showSignedOut() {
  $("login").href = `/login?next=${encodeURIComponent(location.pathname)}`;
  $("signed-out").hidden = false;
  $("signed-in").hidden = main.hidden = true;
}

function showSignedIn(session) {
  csrfToken = session.csrf_token;
  $("name").textContent = session.name;
  $("signed-in").hidden = main.hidden = false;
  $("signed-out").hidden = true;
}

const money = (amount, currency) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount / 100);

function showHome(home) {
  $("missing").textContent = `Away just now: ${home.missing.join(", ")}.`;
  $("missing").hidden = home.missing.length === 0;
  $("customer").hidden = home.customer === null;
  const totals = Object.entries(home.customer?.totals ?? {}).map(([in_, sum]) => money(sum, in_));
  $("standing").textContent = [home.customer?.standing, ...totals].join(" · ");
  $("orders").replaceChildren(...(home.orders ?? []).map(orderItem));
  $("none").hidden = home.orders === null || home.orders.length > 0;
}

function orderItem(order) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = `${money(order.total, order.currency)} · ${order.status}`;
  item.append(text);
  item.dataset.id = order.id;
  if (order.status === "placed") {
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.textContent = "Cancel";
    const once = crypto.randomUUID(); // pressed twice, or sent twice, it is cancelled once
    cancel.addEventListener("click", () => act(() => cancelOrder(order.id, once), cancel));
    item.append(cancel);
  }
  return item;
}

async function cancelOrder(id, once) {
  const headers = { "idempotency-key": once };
  await ask(`/screens/orders/${encodeURIComponent(id)}/cancel`, { method: "POST", headers });
  showHome(await ask("/screens/home"));
}

async function leave(path) {
  const { location: next } = await ask(path, { method: "POST" });
  location.assign(next);
}

async function act(action, button) {
  $("problem").hidden = true;
  if (button) button.disabled = true;
  try {
    await action();
  } catch (error) {
    tell(error);
  } finally {
    if (button) button.disabled = false;
  }
}

$("logout").addEventListener("click", (event) => act(() => leave("/logout"), event.target));
$("logout-everywhere").addEventListener("click", (event) =>
  act(() => leave("/logout/everywhere"), event.target),
);

act(async () => {
  showSignedIn(await ask("/session"));
  showHome(await ask("/screens/home"));
});
