-- Count one process's sockets of somebody, unless with those of the other processes they are too many.
-- KEYS: process -> "count:until"   ARGV: process, its count, most, now (unix ms), how long it is believed (ms)
-- Counts of processes that have not said more in time are dropped: those were killed.
local now, sum = tonumber(ARGV[4]), tonumber(ARGV[2])
local told = redis.call('HGETALL', KEYS[1])
for i = 1, #told, 2 do
  if told[i] ~= ARGV[1] then
    local count, till = string.match(told[i + 1], '(%d+):(%d+)')
    if tonumber(till) < now then
      redis.call('HDEL', KEYS[1], told[i])
    else
      sum = sum + tonumber(count)
    end
  end
end
if sum > tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%d', now + tonumber(ARGV[5])))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
