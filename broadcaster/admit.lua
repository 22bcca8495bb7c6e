-- Let something new in, unless as many as may be are there; who asks again for what is in gets the same answer.
-- KEYS: set of the user's, set of all; for sessions then: those of the user's that were let start, those of all
-- ARGV: its name, most of the user, most in all (0: any number)
--
-- Sessions that were let start are not counted: a worker bounds those (`start.lua`).
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return 'OK'
end
local of_user, of_all = tonumber(ARGV[2]), tonumber(ARGV[3])
if of_user > 0 then
  local mine = KEYS[3] and #redis.call('SDIFF', KEYS[1], KEYS[3]) or redis.call('SCARD', KEYS[1])
  if mine >= of_user then
    return 'USER'
  end
end
if of_all > 0 and redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then
  local there = redis.call('SCARD', KEYS[2]) - (KEYS[4] and redis.call('SCARD', KEYS[4]) or 0)
  if there >= of_all then
    return 'ALL'
  end
end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('SADD', KEYS[2], ARGV[1])
return 'OK'
