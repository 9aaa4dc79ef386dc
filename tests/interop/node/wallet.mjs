// A wallet, driven by lines: receives credentials over OpenID4VCI, keeps them in memory, presents them over OpenID4VP.
import { Mdoc, MdocRecord } from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { createKey, makeAgent } from './agent.mjs'
import { ask } from './lines.mjs'

export function wallet() {
  let agent
  let holder
  const sessions = new Map()

  return {
    async start({ trusted, verbose }) {
      agent = await makeAgent({ trusted, verbose, openid4vc: new OpenId4VcModule() })
      holder = agent.openid4vc.holder
    },

    async end() {
      await agent?.shutdown()
    },

    async key() {
      return (await createKey(agent)).toJson()
    },

    async receive({ offer, tx_code: txCode, wallet_attestation: walletAttestationJwt, copies }) {
      const resolved = await holder.resolveCredentialOffer(offer)
      const token = await holder.requestToken({ resolvedCredentialOffer: resolved, txCode, walletAttestationJwt })
      return collect(resolved, token, { copies })
    },

    // Pushes the authorization request; the caller plays the browser and comes back with `redeem`.
    async authorize({ offer, client_id: clientId, redirect_uri: redirectUri, wallet_attestation: walletAttestationJwt }) {
      const resolved = await holder.resolveCredentialOffer(offer)
      const request = await holder.resolveOpenId4VciAuthorizationRequest(resolved, {
        clientId,
        redirectUri,
        walletAttestationJwt,
      })
      const session = String(sessions.size + 1)
      sessions.set(session, { resolved, request, clientId, redirectUri, walletAttestationJwt })
      return { session, url: request.authorizationRequestUrl }
    },

    async redeem({ session, location, copies }) {
      const { resolved, request, clientId, redirectUri, walletAttestationJwt } = sessions.get(session)
      const { authorizationCode } = holder.parseAuthorizationCodeFromAuthorizationResponse({
        authorizationResponseRedirectUrl: location,
        resolvedCredentialOffer: resolved,
      })
      const token = await holder.requestToken({
        resolvedCredentialOffer: resolved,
        code: authorizationCode,
        clientId,
        redirectUri,
        codeVerifier: request.codeVerifier,
        dpop: request.dpop,
        walletAttestationJwt,
      })
      return collect(resolved, token, { clientId, copies })
    },

    async list() {
      return [...(await agent.sdJwtVc.getAll()), ...(await agent.mdoc.getAll())].map(describe)
    },

    async present({ request }) {
      const resolved = await holder.resolveOpenId4VpAuthorizationRequest(request)
      const { queryResult } = resolved.dcql
      if (!queryResult.can_be_satisfied) return { satisfiable: false }
      const answer = await holder.acceptOpenId4VpAuthorizationRequest({
        authorizationRequestPayload: resolved.authorizationRequestPayload,
        dcql: { credentials: holder.selectCredentialsForDcqlRequest(queryResult) },
      })
      return {
        satisfiable: true,
        verifier: resolved.verifier,
        ok: answer.ok,
        status: answer.serverResponse?.status,
        body: answer.serverResponse?.body,
        redirect_uri: answer.redirectUri,
      }
    },
  }

  async function collect(resolved, token, { clientId, copies = 1 }) {
    const received = []
    // One Credential Request for each configuration, for one c_nonce serves one request.
    for (const id of Object.keys(resolved.offeredCredentialConfigurations)) {
      const { credentials } = await holder.requestCredentials({
        resolvedCredentialOffer: resolved,
        accessToken: token.accessToken,
        dpop: token.dpop,
        clientId,
        credentialConfigurationIds: [id],
        allowedProofOfPossessionSignatureAlgorithms: ['ES256'],
        credentialBindingResolver: (options) => bind(options, copies),
      })
      for (const { record, notificationId } of credentials) {
        if (notificationId) {
          await holder.sendNotification({
            metadata: resolved.metadata,
            accessToken: token.accessToken,
            dpop: token.dpop,
            notificationId,
            notificationEvent: 'credential_accepted',
          })
        }
        await (record instanceof MdocRecord ? agent.mdoc : agent.sdJwtVc).store({ record })
        received.push({ ...describe(record), configuration: id, notified: Boolean(notificationId) })
      }
    }
    return { token_type: token.accessTokenResponse.token_type, refreshable: Boolean(token.refreshToken), received }
  }

  async function bind({ proofTypes, issuerMaxBatchSize, cNonce }, copies) {
    const keys = []
    while (keys.length < Math.min(copies, issuerMaxBatchSize)) keys.push(await createKey(agent))
    const required = proofTypes.attestation ?? proofTypes.jwt?.keyAttestationsRequired
    if (!required) return { method: 'jwk', keys }
    const keyAttestationJwt = await ask('key_attestation', { c_nonce: cNonce, keys: keys.map((key) => key.toJson()) })
    return { method: 'attestation', keyAttestationJwt }
  }
}

function describe(record) {
  const first = record.firstCredential
  const copies = record.credentialInstances.length
  if (first instanceof Mdoc) {
    return { format: 'mso_mdoc', type: first.docType, copies, claims: first.issuerSignedNamespaces }
  }
  return { format: 'dc+sd-jwt', type: first.payload.vct, copies, claims: first.prettyClaims }
}
