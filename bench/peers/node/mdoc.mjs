// npm @animo-id/mdoc on synchronous node:crypto, the fastest way to run it; the chain is not validated, as ours is warm.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { load, serve } from './lines.mjs'

const { DateOnly, Document, MDoc, Verifier } = load('@animo-id/mdoc')

const fixture = JSON.parse(readFileSync(process.argv[2]))
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'))
const certificate = bytes(fixture.x5c[0])
const issuerKey = createPrivateKey(fixture.issuer_key)
const issuerJwk = { ...issuerKey.export({ format: 'jwk' }), alg: 'ES256' }
const holderJwk = createPublicKey(createPrivateKey(fixture.holder_key)).export({ format: 'jwk' })
const dsaEncoding = 'ieee-p1363'
const leaf = new X509Certificate(certificate)
const leafJwk = leaf.publicKey.export({ format: 'jwk' })

const context = {
  crypto: {
    random: (length) => new Uint8Array(randomBytes(length)),
    digest: ({ digestAlgorithm, bytes: data }) =>
      new Uint8Array(createHash(digestAlgorithm.replace('-', '').toLowerCase()).update(data).digest()),
    calculateEphemeralMacKeyJwk() {
      throw new Error('a device MAC is not expected')
    },
  },
  cose: {
    mac0: {},
    sign1: {
      sign: ({ sign1 }) => new Uint8Array(sign('sha256', sign1.getRawSigningData().data, { key: issuerKey, dsaEncoding })),
      verify({ jwk, sign1, options }) {
        const { data, signature } = sign1.getRawVerificationData(options)
        return verify('sha256', data, { key: createPublicKey({ format: 'jwk', key: jwk }), dsaEncoding }, signature)
      },
    },
  },
  x509: {
    getIssuerNameField: ({ field }) => [leaf.issuer.match(new RegExp(`^${field}=(.*)$`, 'm'))?.[1]].filter(Boolean),
    getPublicKey: () => leafJwk,
    validateCertificateChain() {},
    getCertificateData: () => ({
      issuerName: leaf.issuer,
      subjectName: leaf.subject,
      serialNumber: leaf.serialNumber,
      thumbprint: leaf.fingerprint,
      notBefore: new Date(leaf.validFrom),
      notAfter: new Date(leaf.validTo),
      pem: leaf.toString(),
    }),
  },
}

const day = 86_400_000
const today = new Date(Math.floor(Date.now() / day) * day)
const validity = { signed: today, validFrom: today, validUntil: new Date(today.getTime() + 14 * day) }
const dates = Object.fromEntries(Object.entries(fixture.dates).map(([name, date]) => [name, new DateOnly(date)]))
const elements = { ...fixture.elements, ...dates }

async function issue() {
  const document = await new Document(fixture.doctype, context)
    .addIssuerNameSpace(fixture.namespace, elements)
    .useDigestAlgorithm('SHA-256')
    .addValidityInfo(validity)
    .addDeviceKeyInfo({ deviceKey: holderJwk })
    .sign({ issuerPrivateKey: issuerJwk, issuerCertificate: certificate, alg: 'ES256' }, context)
  return new MDoc([document]).encode()
}

const deviceResponse = bytes(fixture.device_response)
const transcript = bytes(fixture.session_transcript_bytes)
const verifyOne = () =>
  new Verifier().verifyDeviceResponse(
    {
      encodedDeviceResponse: deviceResponse,
      encodedSessionTranscript: transcript,
      trustedCertificates: [certificate],
      disableCertificateChainValidation: true,
    },
    context,
  )

await serve({ 'mdoc issue': issue, 'mdoc verify': verifyOne })
