-- Say who may see a channel that exists; no write brings a deleted one back.
-- KEYS: meta
-- ARGV: visibility (JSON)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'visibility', ARGV[1])
return 1
