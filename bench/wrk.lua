-- Sends the requests of a file over and over, each thread from another place on, and ends with a line of JSON.
-- wrk ... -s wrk.lua URL -- BODIES HEADS     where BODIES has a body a line, and HEADS, which may be left out, a header;
-- in a header {new} stands for twelve digits that no other request has; without BODIES it sends GETs

local NEW = "{new}"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function headers(file)
  local found = {["Content-Type"] = "application/json"}
  for line in file and io.lines(file) or function() end do
    local name, value = line:match("^(.-): (.*)$")
    found[name] = value
  end
  return found
end

-- The parts of a text around each NEW in it.
local function parts(text)
  local found, from = {}, 1
  while true do
    local first, last = text:find(NEW, from, true)
    if not first then
      found[#found + 1] = text:sub(from)
      return found
    end
    found[#found + 1] = text:sub(from, first - 1)
    from = last + 1
  end
end

function init(args)
  requests, digits, sent = {}, {}, 0
  if args[1] then
    local with = headers(args[2])
    for body in io.lines(args[1]) do
      requests[#requests + 1] = parts(wrk.format("POST", nil, with, body))
    end
  else
    requests[1] = {wrk.format("GET")}
  end
  at = number * 1013 % #requests -- a prime, so that the threads are far from each other
  for each = 0, 65535 do
    digits[each] = string.format("%04x", each)
  end
  mine = digits[(os.time() * 16 + number) % 65536] -- another one in each run and thread
end

function request()
  at = at % #requests + 1
  local found = requests[at]
  if #found == 1 then
    return found[1]
  end
  sent = sent + 1
  return table.concat(found, mine .. digits[math.floor(sent / 65536)] .. digits[sent % 65536])
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d, ' ..
    '"p50": %d, "p90": %d, "p99": %d, "p99.9": %d}\n',
    summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.status, errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9)))
end
