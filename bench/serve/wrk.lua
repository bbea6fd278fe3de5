-- Takes the keys in turn, where the file named by KEYS has some, so that none comes to its limit; prints one line of JSON.
local requests, next_one = {}, 0

init = function(arguments)
  local file = os.getenv("KEYS")
  if file == nil then
    requests = { wrk.format("GET") }
    return
  end
  for key in io.lines(file) do
    local headers = { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" }
    requests[#requests + 1] = wrk.format("POST", nil, headers, '{"x":1}')
  end
end

request = function()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

done = function(summary, latency, _)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d}\n', summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
