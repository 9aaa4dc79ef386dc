// An authorization server that lets everybody in at once: Credo's issuer asks one who the person is.
import { randomUUID } from 'node:crypto'
import { listen } from './listener.mjs'

export async function startUpstream() {
  const { origin, close, serve } = await listen('upstream.localhost')
  const metadata = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  }
  serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url, origin)
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri'))
      back.searchParams.set('code', randomUUID())
      back.searchParams.set('state', searchParams.get('state'))
      response.writeHead(302, { location: back.href }).end()
    } else {
      const body = pathname === '/token' ? { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60 } : metadata
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify(body))
    }
  })
  return {
    close,
    type: 'chained',
    issuer: origin,
    clientAuthentication: { type: 'clientSecret', clientId: 'credo', clientSecret: 'not a secret' },
    getScopes: () => ({ scopes: ['person'] }),
  }
}
