// A plugin of Haraka for the tests: it does what addresses and headers ask for. What it says to a client begins with `asked: `.
'use strict'

exports.hook_mail = function (next, connection, params) {
    switch (params[0].user) {
        case 'denied':
            return next(DENY, 'asked: never')
        case 'put-off':
            return next(DENYSOFT, 'asked: later "now"')
        case 'let-through':
            return next(DENY, 'asked: let through')
    }
    next()
}

exports.hook_rcpt = function (next, connection, params) {
    switch (params[0].user) {
        case 'denied':
            return next(DENY, 'asked: no such mailbox')
        case 'put-off':
            return next(DENYSOFT, 'asked: try again')
    }
    next()
}

exports.hook_data_post = function (next, connection) {
    switch (connection.transaction.header.get('X-Asked').trim()) {
        case 'denied':
            return next(DENY, 'asked: no such content')
        case 'put-off':
            return next(DENYSOFT, 'asked: not now')
    }
    next()
}

// What karma and delay_deny do to refusals.
exports.hook_deny = function (next, connection, params) {
    next(String(params[1]).includes('let through') ? OK : CONT)
}

exports.hook_queue = function (next, connection) {
    next(connection.transaction.rcpt_to[0].user === 'kept' ? OK : CONT)
}
