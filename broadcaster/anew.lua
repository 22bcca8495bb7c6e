-- Begin another life of a log that lost entries, as the holder of its newest token, and tell readers by the tail: before any
-- entry of that life, as both come from here.
-- KEYS: meta   ARGV: live, token, epoch
local known = redis.call('HMGET', KEYS[1], 'epoch', 'token', 'head')
if not known[1] then
  return {'NOCHANNEL', 0}
end
if tonumber(known[2]) ~= tonumber(ARGV[2]) then
  return {'FENCED', tonumber(known[2])}
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[3])
redis.call('PUBLISH', ARGV[1], '{"epoch":"' .. ARGV[3] .. '","head":' .. known[3] .. '}')
return {'OK', tonumber(known[3])}
