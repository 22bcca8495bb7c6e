-- Create a channel with its first entries, once.
-- KEYS: meta, log
-- ARGV: live, n entries, entries..., meta field/value pairs... (epoch among them)
local meta, log = KEYS[1], KEYS[2]
if redis.call('EXISTS', meta) == 1 then
  return {'EXISTS', 0}
end
local live, n = ARGV[1], tonumber(ARGV[2])
for i = 1, n do
  local entry = '{"offset":' .. string.format('%d', i) .. ',' .. string.sub(ARGV[2 + i], 2)
  redis.call('XADD', log, string.format('%d-0', i), 'e', entry)
  redis.call('PUBLISH', live, entry)
end
redis.call('HSET', meta, 'token', '0', 'head', string.format('%d', n))
for i = n + 3, #ARGV, 2 do
  redis.call('HSET', meta, ARGV[i], ARGV[i + 1])
end
return {'OK', n}
