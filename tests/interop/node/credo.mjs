// Credo's wallets, issuers and verifiers, driven by lines. They live in one process, for to import Credo takes more than
// a second; each has an agent with keys and records of its own, and they speak to one another over sockets alone.
import { setDefaultCACertificates } from 'node:tls'
import { issuer } from './issuer.mjs'
import { serve } from './lines.mjs'
import { verifier } from './verifier.mjs'
import { wallet } from './wallet.mjs'

const programs = { issuer, verifier, wallet }
const parties = new Map()

serve((name, { party, ...options }) => {
  if (name === 'open') return open(party, options)
  if (name === 'end') return end(party)
  return parties.get(party).commands[name](options)
})

function open(party, { program, web_authorities: webAuthorities }) {
  parties.set(party, { commands: programs[program](), webAuthorities })
  trustTheWeb()
}

async function end(party) {
  await parties.get(party).commands.end()
  parties.delete(party)
  trustTheWeb()
}

// The process has one set of web authorities: those that somebody who is there was opened with.
function trustTheWeb() {
  setDefaultCACertificates([...parties.values()].flatMap(({ webAuthorities }) => webAuthorities))
}
