-- Store a command once per id, in the order of arrival, and wake the writer; never after the end (meta field `ended`).
-- KEYS: meta, commands, seen, seen before, wheel   ARGV: control, id, digest of the body, record, most commands that may wait,
--   ids remembered in each of seen and seen before, who steers ('' for one of our own), how long they keep the wheel unseen (s)
local known = redis.call('HMGET', KEYS[1], 'epoch', 'ended')
if not known[1] then
  return {'NOCHANNEL', ''}
end
local before = redis.call('HGET', KEYS[3], ARGV[2]) or redis.call('HGET', KEYS[4], ARGV[2])
if before then
  if before == ARGV[3] then
    return {'ALREADY', ''}
  end
  return {'REUSED', ''}
end
if known[2] and known[2] ~= '' then -- empty: it was ended once, and goes on
  return {'ENDED', ''}
end
local who = ARGV[7]
if who ~= '' then
  local held = redis.call('HMGET', KEYS[5], 'holder', 'seen')
  if held[1] and held[1] ~= '' then
    local clock = redis.call('TIME')
    local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
    if held[1] == who then
      redis.call('HSET', KEYS[5], 'seen', string.format('%.3f', now))
    elseif now - tonumber(held[2]) <= tonumber(ARGV[8]) then
      return {'WHEEL', held[1]}
    end
  end
end
if redis.call('XLEN', KEYS[2]) > tonumber(ARGV[5]) then
  return {'FULL', ''}
end
if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[6]) then
  redis.call('RENAME', KEYS[3], KEYS[4])
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
local at = redis.call('XADD', KEYS[2], '*', 'c', ARGV[4])
redis.call('PUBLISH', ARGV[1], at)
return {'OK', at}
