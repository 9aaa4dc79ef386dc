// Names under .localhost are this machine (RFC 6761 section 6.3); not every resolver says so.
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

const lookup = dns.lookup

dns.lookup = (hostname, options, callback) => {
  const answer = callback ?? options
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) return lookup(hostname, options, answer)
  if (options?.all) return process.nextTick(answer, null, [{ address: '127.0.0.1', family: 4 }])
  return process.nextTick(answer, null, '127.0.0.1', 4)
}
syncBuiltinESMExports()
