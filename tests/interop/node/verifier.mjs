// A verifier, driven by lines: signed DCQL requests, answers by direct_post or direct_post.jwt.
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { importSigner, makeAgent } from './agent.mjs'
import { listen } from './listener.mjs'

const VERIFIER = 'verifier'

export function verifier() {
  let agent
  let listener
  let signer

  return {
    async start({ host, tls, trusted, verbose, signer: certified }) {
      listener = await listen(host, tls)
      const openid4vc = new OpenId4VcModule({ verifier: { baseUrl: `${listener.origin}/vp` } })
      listener.serve(openid4vc.config.app)
      agent = await makeAgent({ trusted, verbose, openid4vc })
      signer = await importSigner(agent, certified)
      await agent.openid4vc.verifier.createVerifier({
        verifierId: VERIFIER,
        clientMetadata: { client_name: 'Credo verifier' },
      })
      return { origin: listener.origin }
    },

    async end() {
      listener?.close()
      await agent?.shutdown()
    },

    async request({ query, response_mode: responseMode, prefix: clientIdPrefix, redirect_uri: redirectUri }) {
      const { authorizationRequest, verificationSession } = await agent.openid4vc.verifier.createAuthorizationRequest({
        verifierId: VERIFIER,
        requestSigner: { method: 'x5c', x5c: signer, clientIdPrefix },
        dcql: { query },
        responseMode,
        authorizationResponseRedirectUri: redirectUri,
        version: 'v1',
      })
      return { link: authorizationRequest, session: verificationSession.id }
    },

    async result({ session }) {
      const { state, errorMessage } = await agent.openid4vc.verifier.getVerificationSessionById(session)
      if (state !== 'ResponseVerified') return { state, error: errorMessage }
      const { dcql } = await agent.openid4vc.verifier.getVerifiedAuthorizationResponse(session)
      const presentations = Object.entries(dcql.presentations).flatMap(([id, found]) => found.map((one) => describe(id, one)))
      return { state, presentations }
    },
  }
}

function describe(id, presentation) {
  if (!presentation.documents) return { id, type: presentation.prettyClaims.vct, claims: presentation.prettyClaims }
  const [document] = presentation.documents
  return { id, type: document.docType, claims: document.issuerSignedNamespaces }
}
