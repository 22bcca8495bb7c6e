-- Let something new in, unless as many as may be are there; who asks again for what is in gets the same answer.
-- KEYS: set of the user's, set of all   ARGV: its name, most of the user, most in all (0: any number)
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return 'OK'
end
local of_user, of_all = tonumber(ARGV[2]), tonumber(ARGV[3])
if of_user > 0 and redis.call('SCARD', KEYS[1]) >= of_user then
  return 'USER'
end
if of_all > 0 and redis.call('SCARD', KEYS[2]) >= of_all and redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then
  return 'ALL'
end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('SADD', KEYS[2], ARGV[1])
return 'OK'
