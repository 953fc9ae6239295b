"""What Redis carries out by itself, each as one atomic step.

Every key of an organization carries its id as hash tag, so that a script never touches two slots of a cluster. Time is
always handed in. Money is longer than the 53 bits that a Lua number holds exactly: it is only added (HINCRBY, 64 bits)
and compared as text. Buckets fit: see `core.limits`.

A bucket is one field, `used|at|num|den`, in units of 1/den; its name is the dimension.
"""

_BUCKETS = """
local function bucket(key, now, at)
    -- ARGV from `at` on: name, capacity in units, num, den, window, cost
    local name, capacity, num, den = ARGV[at], tonumber(ARGV[at+1]), tonumber(ARGV[at+2]), tonumber(ARGV[at+3])
    local window, cost = tonumber(ARGV[at+4]), tonumber(ARGV[at+5])
    local used, since = 0, now
    local kept = redis.call('HGET', key, name)
    if kept then
        local u, t, n, d = string.match(kept, '([^|]+)|([^|]+)|([^|]+)|([^|]+)')
        used, t, n, d = tonumber(u), tonumber(t), tonumber(n), tonumber(d)
        local elapsed = now - t
        if elapsed <= 0 then
            -- Of another machine, whose clock is ahead: time that has passed there does not pass here once more.
            since = t
        else
            if elapsed >= window then used = 0 else used = math.max(used - elapsed * n, 0) end
        end
        if d ~= den or n ~= num then used = math.min(math.floor(used * den / d), capacity) end
    end
    return {key=key, name=name, capacity=capacity, num=num, den=den, cost=cost, used=used, since=since}
end
-- A dimension that the limits do not have now stays as it was: whoever has it again goes on with it, as in memory.
local function keep(b)
    redis.call('HSET', b.key, b.name, string.format('%.0f|%.0f|%.0f|%.0f', b.used, b.since, b.num, b.den))
end
"""

ADMIT = (
    _BUCKETS
    + """
-- KEYS: terms, hot, buckets of the organization, buckets of the project, repeats
-- ARGV: now, version, monthly limit, spend limit, project's field, its limit, fingerprint, lifetime, repeats kept,
--       buckets of the organization, of the project, then each
local function at_least(a, b) -- of two texts of whole numbers that are not negative
    if #a ~= #b then return #a > #b end
    return a >= b
end
local now = tonumber(ARGV[1])
local terms = redis.call('HMGET', KEYS[1], 'version', 'next', 'below')
if terms[1] ~= ARGV[2] then return {'stale'} end
local balance = redis.call('HGET', KEYS[2], 'balance') or '0'
local negative = string.sub(balance, 1, 1) == '-'
if now >= tonumber(terms[2]) then return {'due'} end
if terms[3] ~= '' and (negative or not at_least(balance, terms[3])) then return {'due'} end
if negative or balance == '0' then return {'quota', 'credits'} end
local spent = redis.call('HGET', KEYS[2], 'spent') or '0'
if at_least(spent, ARGV[3]) then return {'quota', 'usage'} end
if ARGV[4] ~= '' and at_least(spent, ARGV[4]) then return {'quota', 'spend'} end
if ARGV[6] ~= '' and at_least(redis.call('HGET', KEYS[2], ARGV[5]) or '0', ARGV[6]) then
    return {'quota', 'project_spend'}
end
local lifetime = tonumber(ARGV[8])
local buckets, own = {}, tonumber(ARGV[10])
local count = own + tonumber(ARGV[11])
for i = 1, count do
    buckets[i] = bucket(i <= own and KEYS[3] or KEYS[4], now, 12 + (i - 1) * 6)
end
local exceeded = 0
for i = 1, count do
    local b = buckets[i]
    if b.used + b.cost * b.den > b.capacity then exceeded = i break end
end
local before = exceeded > 0 and string.format('%.0f', buckets[exceeded].used) or '0'
local answer = {exceeded > 0 and 'refused' or 'ok', 0, exceeded, before}
for i = 1, count do
    local b = buckets[i]
    if exceeded == 0 then
        b.used = b.used + b.cost * b.den
    elseif string.sub(b.name, 1, 1) == 'r' and b.used + b.den <= b.capacity then
        b.used = b.used + b.den
    end
    keep(b)
    answer[#answer + 1] = string.format('%.0f', b.used)
end
if exceeded == 0 and ARGV[7] ~= '' then
    answer[2] = redis.call('HINCRBY', KEYS[5], ARGV[7], 1) - 1
    if redis.call('HLEN', KEYS[5]) > tonumber(ARGV[9]) then redis.call('DEL', KEYS[5]) end
end
if lifetime > 0 then
    for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], lifetime) end
end
return answer
"""
)
"""Decide about one call: stale or due (the caller brings its view up to date and asks again), quota, refused or ok."""

DRAW = (
    _BUCKETS
    + """
-- KEYS: terms, buckets of the organization, of the project; ARGV: now, version, how many of each, tokens, then each
local now = tonumber(ARGV[1])
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return {'stale'} end
local own, tokens = tonumber(ARGV[3]), tonumber(ARGV[5])
local answer = {'ok'}
for i = 1, own + tonumber(ARGV[4]) do
    local b = bucket(i <= own and KEYS[2] or KEYS[3], now, 6 + (i - 1) * 6)
    local left = math.floor((b.capacity - b.used) / b.den)
    b.used = math.max(0, b.used + math.min(tokens, math.max(left, 0)) * b.den)
    keep(b)
    answer[i + 1] = string.format('%.0f', b.used)
end
return answer
"""
)
"""Take tokens that an admitted call turned out to need, as far as there are any; fewer than none give back."""

SETTLE = """
-- KEYS: hot, ledger, usage
-- ARGV: id, whether it is sent again, amount, project's field, entry, entries kept, lifetime, then field and increment
if ARGV[2] == '1' then
    for _, entry in ipairs(redis.call('LRANGE', KEYS[2], -1000, -1)) do
        if string.match(entry, '^([^|]*)|') == ARGV[1] then return 0 end
    end
end
if ARGV[3] ~= '0' then
    redis.call('HINCRBY', KEYS[1], 'balance', '-' .. ARGV[3])
    redis.call('HINCRBY', KEYS[1], 'owed', ARGV[3])
    redis.call('HINCRBY', KEYS[1], 'spent', ARGV[3])
    redis.call('HINCRBY', KEYS[1], ARGV[4], ARGV[3])
    redis.call('RPUSH', KEYS[2], ARGV[5])
    if redis.call('LLEN', KEYS[2]) > tonumber(ARGV[6]) then
        local oldest = redis.call('LPOP', KEYS[2])
        redis.call('HINCRBY', KEYS[1], 'folded', 1)
        redis.call('HINCRBY', KEYS[1], 'folded_amount', string.match(oldest, '^[^|]*|[^|]*|[^|]*|([^|]*)|'))
    end
end
for i = 8, #ARGV, 2 do redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1]) end
local lifetime = tonumber(ARGV[7])
if lifetime > 0 then
    for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], lifetime) end
end
return 1
"""
"""Charge one call. Sent again after a broken connection, it looks whether it was carried out already."""

SAVE = """
-- KEYS: terms, hot, ledger
-- ARGV: version that was read, blob, when time changes something next, threshold of recharge, lifetime, start anew,
--       number of increments, then field and increment, then entries
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('HSET', KEYS[1], 'blob', ARGV[2], 'next', ARGV[3], 'below', ARGV[4])
if ARGV[6] == '1' then
    redis.call('DEL', KEYS[3])
    redis.call('HDEL', KEYS[2], 'folded', 'folded_amount')
end
local count = tonumber(ARGV[7])
for i = 8, 7 + 2 * count, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
for i = 8 + 2 * count, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[i]) end
local lifetime = tonumber(ARGV[5])
for i = 1, 3 do
    if lifetime > 0 then redis.call('PEXPIRE', KEYS[i], lifetime) else redis.call('PERSIST', KEYS[i]) end
end
return version
"""
"""Write an organization, if nobody else did since it was read."""

KEEP = """
-- KEYS: values, their order, their index, counts
-- ARGV: field, prefix of the index, value, most bytes, most objects, lifetime
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then
    redis.call('HINCRBY', KEYS[4], 'size', 0 - #old)
else
    local number = redis.call('HINCRBY', KEYS[4], 'next', 1)
    redis.call('ZADD', KEYS[2], number, ARGV[1])
    redis.call('ZADD', KEYS[3], 0, ARGV[2] .. string.format('%016.0f', number) .. '|' .. ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
local size = redis.call('HINCRBY', KEYS[4], 'size', #ARGV[3])
while size > tonumber(ARGV[4]) or redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[5]) do
    local oldest = redis.call('ZPOPMIN', KEYS[2])
    local prefix = string.match(oldest[1], '^[^|]*|[^|]*|')
    redis.call('ZREM', KEYS[3], prefix .. string.format('%016.0f', oldest[2]) .. '|' .. oldest[1])
    size = redis.call('HINCRBY', KEYS[4], 'size', 0 - #redis.call('HGET', KEYS[1], oldest[1]))
    redis.call('HDEL', KEYS[1], oldest[1])
end
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
"""
"""Keep a value; what was kept first goes first when there is too much."""

DROP = """
-- KEYS: values, their order, their index, counts
-- ARGV: field, prefix of the index
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then return 0 end
local number = redis.call('ZSCORE', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[2] .. string.format('%016.0f', number) .. '|' .. ARGV[1])
redis.call('HINCRBY', KEYS[4], 'size', 0 - #old)
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
"""
"""Keep a value no longer."""

PAGE = """
-- KEYS: values, their order, their index
-- ARGV: prefix of the index, field of the one before or nothing, how many and one more, whether the newest come first
local low, high = '[' .. ARGV[1], '[' .. ARGV[1] .. '\\255'
if ARGV[2] ~= '' then
    local number = redis.call('ZSCORE', KEYS[2], ARGV[2])
    if not number then return false end
    local at = '(' .. ARGV[1] .. string.format('%016.0f', number) .. '|' .. ARGV[2]
    if ARGV[4] == '1' then high = at else low = at end
end
local found
if ARGV[4] == '1' then
    found = redis.call('ZREVRANGEBYLEX', KEYS[3], high, low, 'LIMIT', 0, ARGV[3])
else
    found = redis.call('ZRANGEBYLEX', KEYS[3], low, high, 'LIMIT', 0, ARGV[3])
end
local answer = {}
for i, entry in ipairs(found) do
    local field = string.sub(entry, #ARGV[1] + 18)
    answer[2 * i - 1] = field
    answer[2 * i] = redis.call('HGET', KEYS[1], field)
end
return answer
"""
"""Some of the values of a kind, in the order they came."""
