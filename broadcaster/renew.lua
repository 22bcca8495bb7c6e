-- Prolong a lease; take it again if it lapsed and nobody with a newer token has been there.
-- KEYS: meta, lease   ARGV: owner, ttl_ms, token
local newest = redis.call('HGET', KEYS[1], 'token')
if not newest then
  return 'NOCHANNEL'
end
if newest ~= ARGV[3] then
  return 'LOST'
end
redis.call('SET', KEYS[2], ARGV[3] .. ':' .. ARGV[1], 'PX', ARGV[2])
return 'OK'
