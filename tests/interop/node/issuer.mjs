// An issuer of a PID in both formats, driven by lines: offers with either grant, issues what it was started with.
import { DateOnly } from '@animo-id/mdoc'
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { importSigner, makeAgent } from './agent.mjs'
import { listen } from './listener.mjs'
import { startUpstream } from './upstream.mjs'

const DAY = 86_400_000
const ISSUER = 'pid'

export function issuer() {
  let agent
  let closing = []
  let setting
  let signers

  return {
    // `sd_jwt` is {vct, claims, signer}, `mdoc` is {doctype, namespace, elements, signer}; dates are {"date": "..."}.
    async start({ host, tls, trusted, verbose, batch_size: batchSize = 5, sd_jwt: sdJwt, mdoc }) {
      setting = { sdJwt, mdoc }
      const listener = await listen(host, tls)
      const { getScopes, close, ...upstream } = await startUpstream()
      closing = [listener.close, close]
      const openid4vc = new OpenId4VcModule({
        issuer: {
          baseUrl: `${listener.origin}/vci`,
          credentialRequestToCredentialMapper: issue,
          getChainedAuthorizationRequestParameters: getScopes,
        },
      })
      listener.serve(openid4vc.config.app)
      agent = await makeAgent({ trusted, verbose, openid4vc })
      signers = { sdJwt: await importSigner(agent, sdJwt.signer), mdoc: await importSigner(agent, mdoc.signer) }
      await agent.openid4vc.issuer.createIssuer({
        issuerId: ISSUER,
        accessTokenSignerKeyType: { kty: 'EC', crv: 'P-256' },
        display: [{ name: 'Credo issuer', locale: 'en' }],
        dpopSigningAlgValuesSupported: ['ES256'],
        batchCredentialIssuance: { batchSize },
        authorizationServerConfigs: [upstream],
        credentialConfigurationsSupported: configurations(),
      })
      return { issuer: `${listener.origin}/vci/${ISSUER}` }
    },

    async end() {
      closing.forEach((close) => close())
      await agent?.shutdown()
    },

    async offer({ configurations: ids, grant, tx_code: txCode, dpop = true, wallet_attestation: attestation = false }) {
      const flow =
        grant === 'authorization_code'
          ? { authorizationCodeFlowConfig: { authorizationServerUrl: await chained() } }
          : { preAuthorizedCodeFlowConfig: { txCode: txCode ? { input_mode: 'numeric', length: 6 } : undefined } }
      const { credentialOffer, issuanceSession } = await agent.openid4vc.issuer.createCredentialOffer({
        issuerId: ISSUER,
        credentialConfigurationIds: ids,
        authorization: { requireDpop: dpop, requireWalletAttestation: attestation },
        ...flow,
      })
      return { offer: credentialOffer, session: issuanceSession.id, tx_code: issuanceSession.userPin }
    },

    async session({ session }) {
      const { state, errorMessage, dpop, walletAttestation } = await agent.openid4vc.issuer.getIssuanceSessionById(session)
      return { state, error: errorMessage, dpop: dpop?.required, wallet_attestation: walletAttestation?.required }
    },
  }

  async function chained() {
    const record = await agent.openid4vc.issuer.getIssuerByIssuerId(ISSUER)
    return record.chainedAuthorizationServerConfigs[0].issuer
  }

  // Each format twice: for keys that a wallet proves itself, and for keys that its provider attests.
  function configurations() {
    const sdJwt = {
      format: 'dc+sd-jwt',
      vct: setting.sdJwt.vct,
      cryptographic_binding_methods_supported: ['jwk'],
      credential_signing_alg_values_supported: ['ES256'],
    }
    const mdoc = {
      format: 'mso_mdoc',
      doctype: setting.mdoc.doctype,
      cryptographic_binding_methods_supported: ['cose_key'],
      credential_signing_alg_values_supported: [-7],
    }
    const proof = { proof_signing_alg_values_supported: ['ES256'] }
    const attested = { ...proof, key_attestations_required: {} }
    const own = { proof_types_supported: { jwt: proof } }
    const provided = { proof_types_supported: { jwt: attested, attestation: attested } }
    const named = (scope, ...parts) => [scope, Object.assign({ scope }, ...parts)]
    return Object.fromEntries([
      named('pid-sd-jwt', sdJwt, own),
      named('pid-mdoc', mdoc, own),
      named('pid-sd-jwt-attested', sdJwt, provided),
      named('pid-mdoc-attested', mdoc, provided),
    ])
  }

  function issue({ credentialConfigurationId, holderBinding }) {
    const today = new Date(Math.floor(Date.now() / DAY) * DAY)
    const until = new Date(today.getTime() + 14 * DAY)
    const keys = holderBinding.keys.map(({ jwk }) => jwk)
    if (credentialConfigurationId.startsWith('pid-sd-jwt')) {
      const { vct, claims } = setting.sdJwt
      const payload = { ...claims, vct, iat: seconds(today), exp: seconds(until) }
      return {
        type: 'credentials',
        format: 'dc+sd-jwt',
        credentials: keys.map((jwk) => ({
          payload,
          holder: { method: 'jwk', jwk },
          issuer: { method: 'x5c', x5c: signers.sdJwt },
          disclosureFrame: frame(claims),
        })),
      }
    }
    const { doctype, namespace, elements } = setting.mdoc
    return {
      type: 'credentials',
      format: 'mso_mdoc',
      credentials: keys.map((holderKey) => ({
        docType: doctype,
        holderKey,
        issuerCertificate: signers.mdoc[0],
        namespaces: { [namespace]: Object.fromEntries(Object.entries(elements).map(([id, value]) => [id, dated(value)])) },
        validityInfo: { signed: today, validFrom: today, validUntil: until },
      })),
    }
  }
}

const seconds = (date) => Math.floor(date.getTime() / 1000)

const dated = (value) => (value?.date ? new DateOnly(value.date) : value)

// Every claim is selectively disclosable, and so is each property of an object.
function frame(claims) {
  const inner = Object.entries(claims).filter(([, value]) => value?.constructor === Object)
  return { _sd: Object.keys(claims), ...Object.fromEntries(inner.map(([name, value]) => [name, frame(value)])) }
}
