// A Credo agent with keys and records in memory, trusting exactly the certificates that it is given.
import './localhost.mjs'
import { createPrivateKey } from 'node:crypto'
import { Agent, ConsoleLogger, InjectionSymbols, Kms, LogLevel, X509Certificate, X509Module } from '@credo-ts/core'
import { agentDependencies, NodeInMemoryKeyManagementStorage, NodeKeyManagementService } from '@credo-ts/node'
import { withChallenge } from './challenge.mjs'
import { MemoryStorage } from './storage.mjs'

export async function makeAgent({ trusted, openid4vc, verbose = false }) {
  const storage = {
    register: (dependencies) => dependencies.registerInstance(InjectionSymbols.StorageService, new MemoryStorage()),
  }
  const agent = new Agent({
    config: { allowInsecureHttpUrls: true, autoUpdateStorageOnStartup: true, logger: new ConsoleLogger(verbose ? LogLevel.trace : LogLevel.off) },
    dependencies: { ...agentDependencies, fetch: withChallenge(fetch, sign) },
    modules: {
      storage,
      kms: new Kms.KeyManagementModule({
        backends: [new NodeKeyManagementService(new NodeInMemoryKeyManagementStorage())],
      }),
      x509: new X509Module({ trustedCertificates: trusted }),
      openid4vc,
    },
  })
  await agent.initialize()
  return agent

  async function sign(jwk, data) {
    const { keyId } = Kms.PublicJwk.fromUnknown(jwk)
    return (await agent.kms.sign({ keyId, algorithm: 'ES256', data })).signature
  }
}

// A certificate chain whose leaf's key the agent holds. `key` is PEM, `chain` PEM certificates, leaf first.
export async function importSigner(agent, { key, chain }) {
  const jwk = createPrivateKey(key).export({ format: 'jwk' })
  const { keyId } = await agent.kms.importKey({ privateJwk: jwk })
  const certificates = chain.map((pem) => X509Certificate.fromEncodedCertificate(pem))
  certificates[0].keyId = keyId
  return certificates
}

export async function createKey(agent) {
  const { publicJwk } = await agent.kms.createKey({ type: { kty: 'EC', crv: 'P-256' } })
  return Kms.PublicJwk.fromPublicJwk(publicJwk)
}
