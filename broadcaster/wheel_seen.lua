-- Whoever has the wheel is still here.
-- KEYS: wheel   ARGV: holder
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then
  local clock = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'seen', string.format('%.3f', tonumber(clock[1]) + tonumber(clock[2]) / 1000000))
  redis.call('EXPIRE', KEYS[1], 86400)
end
