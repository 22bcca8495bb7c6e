-- What several keys of one channel hold at one moment.
-- KEYS: meta, lists..., strings...   ARGV: number of lists
local lists = tonumber(ARGV[1])
local found = {redis.call('HGETALL', KEYS[1])}
for i = 2, #KEYS do
  if i <= 1 + lists then
    found[i] = redis.call('LRANGE', KEYS[i], 0, -1)
  else
    found[i] = redis.call('GET', KEYS[i])
  end
end
return found
