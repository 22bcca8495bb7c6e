-- Take a channel's lease and a token that is newer than any before.
-- KEYS: meta, lease   ARGV: owner, ttl_ms
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'NOCHANNEL', ''}
end
local held = redis.call('GET', KEYS[2])
if held then
  return {'HELD', held}
end
local token = redis.call('HINCRBY', KEYS[1], 'token', 1)
redis.call('SET', KEYS[2], string.format('%d', token) .. ':' .. ARGV[1], 'PX', ARGV[2])
return {'OK', token}
