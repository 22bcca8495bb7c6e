-- Store a command once per id, in the order of arrival, and wake the writer; never after the end (meta field `ended`).
-- KEYS: meta, commands, seen   ARGV: control, id, digest of the body, record, most commands that may wait
local known = redis.call('HMGET', KEYS[1], 'epoch', 'ended')
if not known[1] then
  return {'NOCHANNEL', ''}
end
local before = redis.call('HGET', KEYS[3], ARGV[2])
if before then
  if before == ARGV[3] then
    return {'ALREADY', ''}
  end
  return {'REUSED', ''}
end
if known[2] then
  return {'ENDED', ''}
end
if redis.call('XLEN', KEYS[2]) > tonumber(ARGV[5]) then
  return {'FULL', ''}
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
local at = redis.call('XADD', KEYS[2], '*', 'c', ARGV[4])
redis.call('PUBLISH', ARGV[1], at)
return {'OK', at}
