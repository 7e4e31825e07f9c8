// A plugin of Haraka for the tests: all mail for others goes to the test's own server, but for that of two domains.
'use strict'

exports.hook_get_mx = function (next, hmail, domain) {
    const others = { 'loop.example': process.env.HARAKA_ITSELF, 'closed.example': '127.0.0.1:1' }
    const [exchange, port] = (others[domain] || process.env.HARAKA_SINK).split(':')
    next(OK, { priority: 0, exchange, port: Number(port) })
}
