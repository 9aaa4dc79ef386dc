// npm @sd-jwt/sd-jwt-vc on synchronous node:crypto, the fastest way to run it; its check of the status is left out,
// for it would fetch and verify the list each time.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { load, serve } from './lines.mjs'

const { SDJwtVcInstance } = load('@sd-jwt/sd-jwt-vc')

const fixture = JSON.parse(readFileSync(process.argv[2]))
const { flat, address } = fixture
const dsaEncoding = 'ieee-p1363'
const issuerKey = createPrivateKey(fixture.issuer_key)
const issuerPublic = createPublicKey(issuerKey)
const holderJwk = createPublicKey(createPrivateKey(fixture.holder_key)).export({ format: 'jwk' })

const verifyWith = (key) => (data, signature) =>
  verify('sha256', Buffer.from(data), { key, dsaEncoding }, Buffer.from(signature, 'base64url'))

class WithoutStatus extends SDJwtVcInstance {
  async verifyStatus() {}
}

const sdJwt = new WithoutStatus({
  signAlg: 'ES256',
  kbSignAlg: 'ES256',
  hashAlg: 'sha-256',
  hasher: (data, algorithm) => createHash(algorithm.replace('-', '')).update(Buffer.from(data)).digest(),
  saltGenerator: (length) => randomBytes(length).toString('hex').slice(0, length),
  signer: (data) => sign('sha256', Buffer.from(data), { key: issuerKey, dsaEncoding }).toString('base64url'),
  verifier: verifyWith(issuerPublic),
  kbVerifier: (data, signature, payload) =>
    verifyWith(createPublicKey({ format: 'jwk', key: payload.cnf.jwk }))(data, signature),
})

const claims = { vct: fixture.vct, exp: fixture.expires, cnf: { jwk: holderJwk }, status: fixture.status, ...flat, address }
const frame = { _sd: Object.keys(flat), address: { _sd: Object.keys(address) } }

const issue = () => sdJwt.issue(claims, frame, { header: { x5c: fixture.x5c } })
const verifyOne = () => sdJwt.verify(fixture.sd_jwt, { keyBindingNonce: fixture.nonce })

if ((await issue()).split('~').length !== 27) throw new Error('expected 25 disclosures')
const { payload, kb } = await verifyOne()
if (payload.address.country !== address.country || !kb) throw new Error('expected the holder-bound address')
await serve({ 'sdjwt issue': issue, 'sdjwt verify': verifyOne })
