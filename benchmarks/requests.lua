-- What wrk sends. Arguments: METHOD TOKEN (or "-") BODY (or "-") PATH…; the paths take turns.
local prepared, turn = {}, 0

function init(arguments)
  local headers = { ["content-type"] = "application/json" }
  if arguments[2] ~= "-" then headers["authorization"] = "Bearer " .. arguments[2] end
  local body = arguments[3] ~= "-" and arguments[3] or nil
  for i = 4, #arguments do
    prepared[#prepared + 1] = wrk.format(arguments[1], arguments[i], headers, body)
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
