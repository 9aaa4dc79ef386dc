// Credo 0.6.3 signs its proof of possession without the challenge that attestation-based client authentication -07
// (section 8) has a wallet fetch. So the wallet's way out does it: a refusal with use_attestation_challenge is retried
// once, with the challenge that came along and the proof signed again by the same key.
import { randomUUID } from 'node:crypto'

const ATTESTATION = 'oauth-client-attestation'
const PROOF = 'oauth-client-attestation-pop'
const CHALLENGE = 'oauth-client-attestation-challenge'

export const withChallenge = (send, sign) =>
  async function fetch(input, init = {}) {
    const response = await send(input, init)
    const headers = new Headers(init.headers)
    const challenge = response.headers.get(CHALLENGE)
    if (response.ok || !challenge || !headers.has(PROOF)) return response
    const { error } = await response.clone().json()
    if (error !== 'use_attestation_challenge') return response
    const { cnf } = part(headers.get(ATTESTATION), 1)
    const [header, payload] = [0, 1].map((index) => part(headers.get(PROOF), index))
    const input64 = [header, { ...payload, jti: randomUUID(), challenge }].map(encode).join('.')
    headers.set(PROOF, `${input64}.${Buffer.from(await sign(cnf.jwk, Buffer.from(input64))).toString('base64url')}`)
    return send(input, { ...init, headers })
  }

const part = (jwt, index) => JSON.parse(Buffer.from(jwt.split('.')[index], 'base64url'))

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
