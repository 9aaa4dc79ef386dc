// npm @pathcheck/dcc-sdk, which is given the certificate, so that it fetches nothing; it looks at no schema and no usage.
import { readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { serve } from './lines.mjs'

// Its modules leave their file names' ends out, as bundlers allow.
registerHooks({
  resolve(specifier, context, next) {
    const inside = specifier.startsWith('.') && context.parentURL?.includes('/@pathcheck/')
    return next(inside && !specifier.endsWith('.js') ? `${specifier}.js` : specifier, context)
  },
})
const near = createRequire(new URL('./hcert/package.json', import.meta.url))
const { unpackAndVerify } = await import(near.resolve('@pathcheck/dcc-sdk/lib/main.js'))

const subjects = {}
for (const [name, { codes, pem }] of Object.entries(JSON.parse(readFileSync(process.argv[2])))) {
  const [code] = codes
  const spoiled = code.slice(0, -8) + (code.at(-8) === '0' ? '1' : '0') + code.slice(-7)
  console.log = () => {}
  if ((await unpackAndVerify(spoiled, pem)).status === 'verified') throw new Error('a spoiled code is accepted')
  let next = 0
  subjects[name] = async () => {
    const { status } = await unpackAndVerify(codes[next++ % codes.length], pem)
    if (status !== 'verified') throw new Error(`expected it to verify, got ${status}`)
  }
}
await serve(subjects)
