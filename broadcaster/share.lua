-- Keep a share of a channel that exists, within a bound; the hash lives until the last of its shares ends.
-- KEYS: meta, shares
-- ARGV: share id, share (JSON), when it ends (unix ms), most shares
local meta, shares = KEYS[1], KEYS[2]
if redis.call('EXISTS', meta) == 0 then
  return 'NOCHANNEL'
end
if redis.call('HLEN', shares) >= tonumber(ARGV[4]) then
  return 'FULL'
end
local fresh = redis.call('EXISTS', shares) == 0
redis.call('HSET', shares, ARGV[1], ARGV[2])
if fresh then
  redis.call('PEXPIREAT', shares, ARGV[3])
else
  redis.call('PEXPIREAT', shares, ARGV[3], 'GT')
end
return 'OK'
