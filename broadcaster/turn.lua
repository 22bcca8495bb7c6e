-- Give a user's next job its place in a queue, so that each user's jobs come in turns with those of the others.
-- KEYS: queue, user -> {flow: its next turn} (JSON), the job   ARGV: user, flow, score of turn 0, scores a turn has, ms kept
--
-- A job's turn is the present one (that of the first job that waits) or the one after this flow's last job, whichever is
-- later; its score is the turn, and its arrival among those of the same turn. A user with n flows that have jobs ahead takes
-- every n-th turn for each. Scores below turn 0 are urgent jobs, which take no turn. With an empty queue all begin anew.
-- Answers with the score; '' for a job that is there already.
if redis.call('EXISTS', KEYS[3]) == 1 then
  return ''
end
local queue, turns, user, flow = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local zero, width = tonumber(ARGV[3]), tonumber(ARGV[4])
local first = redis.call('ZRANGEBYSCORE', queue, zero, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local now = 0
if first[1] then
  now = math.floor((tonumber(first[2]) - zero) / width)
else
  redis.call('DEL', turns)
end

local known = redis.call('HGET', turns, user)
local flows, ahead = {}, 1
if known then
  for name, turn in pairs(cjson.decode(known)) do
    if turn > now then
      flows[name] = turn
      ahead = ahead + (name == flow and 0 or 1)
    end
  end
end
local turn = flows[flow] or now
flows[flow] = turn + ahead
redis.call('HSET', turns, user, cjson.encode(flows))
redis.call('PEXPIRE', turns, ARGV[5])

local from = zero + turn * width
local last = redis.call('ZREVRANGEBYSCORE', queue, from + width - 1, from, 'WITHSCORES', 'LIMIT', 0, 1)
local score = from
if last[1] then
  score = math.min(tonumber(last[2]) + 1, from + width - 1)
end
return string.format('%d', score)
