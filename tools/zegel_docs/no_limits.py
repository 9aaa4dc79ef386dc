"""The numbers of the source that are no limits, by what they are instead. Every other one is in ``docs/limits.md``."""

from collections.abc import Mapping
from typing import Final

_DECLARED: Final[Mapping[str, str]] = {
    "a tag, a label, a bit or an octet of a format": """
        formats.hcert.certificate: EU_DCC
        formats.hcert.code: TAG_SIGN1 TAG_CWT ALG CRIT KID
        formats.hcert.envelope: ISS EXP NBF IAT HCERT
        formats.hcert.lists: _DER
        formats.hcert.slices: _VERSION
        formats.hcert.who_certificate: HEALTH_LINK
        formats.sdjwt.parse: _TILDE
        formats.status.entries: VALID INVALID SUSPENDED
        formats.status.identifiers: _IDENTIFIER_LIST _STATUS_LIST
        formats.status.terms: SUB EXP IAT TTL
        formats.status.token: _STATUS_LIST
        primitives.base45: _FOREIGN _SECOND _THIRD _LOW _BYTE
        primitives.cbor: TAG_DATE_TIME TAG_ENCODED TAG_FULL_DATE _BYTES _MAP _TAG_HEAD
        primitives.cose: TAG_SIGN1 TAG_MAC0 HMAC_256 _ALG _CRIT _TYP X5CHAIN
        primitives.der: INTEGER BIT_STRING OCTET_STRING OBJECT_IDENTIFIER SEQUENCE SET _LONG_TAG _MORE
        primitives.encoding: _PLUS _SLASH _EQUALS
        primitives.json_items: _OBJECT _QUOTE
        primitives.json_parts: _PLUS _SLASH _EQUALS
        primitives.jws: _DOT
        protocols.transparency.submission: CERTIFICATE PRECERTIFICATE
        protocols.webauthn.verify: _PRESENT _VERIFIED
        trust.lists.build: _VERSION
        trust.transparency.extensions: _EXTENSIONS
        trust.transparency.precertificate: _CONTENT _KEY_ID
        trust.transparency.timestamps: _V1 _CERTIFICATE_TIMESTAMP _PRECERT_ENTRY
        adapters.body: _GZIP
        adapters.process: _PR_SET_DUMPABLE
        adapters.sql.identifiers: _NO_BITS
        adapters.vault: _VERSION
        cli.walk.door_view: _TEXT_HEAD
    """,
    "a size, a place or a range that a format fixes": """
        formats.hcert.code: _LEAST
        formats.hcert.keys: KEY_ID _PSS.salt_length
        formats.hcert.lists: _PATH _USAGE
        formats.hcert.revocation: HASH
        formats.hcert.rules.dates: _LATEST
        formats.hcert.schema: _EXACT _DATE_SIZE
        formats.hcert.slices: _WORD _HASH_BYTES
        formats.hcert.who_times: _EAST _WEST
        formats.mdoc.dates: _SIZE
        primitives.json_members: _ESCAPED
        primitives.keys: _REQUIRED_MEMBERS
        protocols.oauth.nonces: _BODY _SIZE
        protocols.webauthn.response: _LEAST_DATA
        protocols.webauthn.verify: _FLAGS
        services.health_lines: _MIDNIGHT _LEAP_SECOND
        services.issuing: STATUS_BITS
        trust.transparency.items: _U8 _U16 _U24
        trust.transparency.logs: _FIELD
        trust.transparency.merkle: HASH_SIZE
        trust.transparency.timestamps: _U16 _U24 _KEY_ID
        trust.transparency.vectors: MAX_U64
        cli.hcert_inspect: _COUNTRY
        cli.walk.new_wallet: _FORMATS
        cli.walk.script: _FORMATS
    """,
    "how much is drawn, hashed or derived, and what that costs: nobody else has a say in it": """
        adapters.register: _SALT_BYTES _HASH_BYTES _MEMORY_KIB _ITERATIONS
        adapters.sandbox.access_root: _COST.iterations
        adapters.sandbox.authorities: _UUID_BYTES
        adapters.sealing: KEY_BYTES _NONCE_BYTES
        adapters.sql.identifiers: DECOYS _BYTES
        adapters.sql.list_rows: _ID_BYTES
        adapters.sql.register: _TERM_BYTES
        adapters.sql.statuses: _DRAW_BYTES
        adapters.vault: _SALT_BYTES _NONCE_BYTES _KEY_BYTES
        cli.challenge: _SHA256_BYTES
        cli.wallet_network: _BROWSER_BYTES
        demo.sessions: _ID_BYTES
        formats.mdoc.device_auth: _MAC_KEY_BYTES
        formats.mdoc.issue: _CHANCE_BYTES _RANK_BYTES _ENTRY_BYTES
        formats.sdjwt.issue: _SALT_BYTES _SALT_SYMBOLS _SALTS_AT_ONCE
        protocols.oauth.server: SECRET_BYTES
        protocols.oidc.client: _SHA256
        protocols.oidc.sign_in: _SECRET_BYTES
        protocols.oidc.subject: _TRANSIENT_BYTES
        protocols.oidc.upstream: _SECRET_BYTES
        protocols.openid4vci.issuer: ID_BYTES
        protocols.openid4vp.verifier: SECRET_BYTES
        protocols.openid4vp.wallet: _NONCE_BYTES
        protocols.webauthn.options: CHALLENGE_BYTES
        services.health_log_in: _REFERENCE_BYTES
        services.issuing: _ID_BYTES _DIGEST_BYTES
        services.offers: _ID_BYTES
        services.presented: _REFERENCE_BYTES
        services.registrar_invitations: _HALF_BYTES
        services.registrar_passkeys: HANDLE_BYTES
        services.registrar_people: _SECRET_BYTES _CODE_BYTES
        services.verifier: _ID_BYTES
        services.wallet.arrivals: ID_BYTES
        services.wallet_instances: DIGEST_BYTES _ID_BYTES _CODE_BYTES _CODE_LETTERS
        trust.access_authority.orders: _TOKEN_BYTES _ID_BYTES _SEED_BYTES
        trust.authority: _SERIAL_BYTES
        trust.register.states: _IDENTIFIER_BYTES
        web.app.door: _KEY_BYTES
        web.app.wallet: _KEY_BYTES
        web.browser: ID_BYTES
        web.sign_ins: _HANDLE_BYTES
        web.site: _REQUEST_ID_BYTES
        web.turnstile: _KEY_BYTES
        web.wallet_door: _CODE_BYTES
    """,
    "how much is done, held or written in one go: the rest has the next one": """
        adapters.sql.migrations.versions.v0007_register_postings: _CHUNK _BITMAP_BYTES _AT_ONCE
        adapters.sql.postings: CHUNK _BITMAP_BYTES _FEW
        adapters.sql.register: _COUNTED
        adapters.sql.identifiers: SIZE
        adapters.sql.reseal: _ROWS
        adapters.sql.statuses: PAGE
        adapters.sql.store: STATUS_LIST_SIZE
        cli.batch_lines: LINES CHUNK _READ _PAUSE
        cli.hcert_batch: AHEAD _GLANCE
        cli.hcert_table: STEP
        cli.spool: _IN_MEMORY
        services.access_reports: _REPORTED
        services.access_revocation: _PARTIES
        services.policy_changes: PAGE
        services.register_reader: _AUDITED
        services.wallet_watch: _PAGE
        trust.lists.parse: _CHUNK
    """,
    "how much is shown to somebody, who may ask for the rest": """
        adapters.logs: _FRAMES
        protocols.openid4vp.overasking: _MOST_NAMED
        services.access_authority: PAGE
        services.access_reports: PAGE
        services.health: _NAMED
        services.health_lines: _NAMED_LEFT_OUT
        services.register_reader: DEFAULT_PAGE
        services.registrar: PAGE
        services.registrar_people: OFFICERS
        services.wallet_revocation: PAGE
        services.why.chain: _MOST
        services.why.health: _MOST
        web.log: _SHOWN
        web.registrar_pages: _SHOWN
        web.wallet_receive: _DEEP
    """,
    "from where on something is done, or told, in another way: nothing is refused": """
        formats.hcert.list_change: _ALWAYS
        formats.hcert.transliteration: _LONGEST
        formats.mdoc.items: _NEEDLE
        primitives.cbor: _BYTES_PER_ITEM _TAGGED
        services.access_revocation: _CROWDED
        services.doctor.answers: _HALF_A_YEAR
        services.doctor.eyes: _SOON
        services.status: _BYTES_PER_IDENTIFIER
        services.status_publisher: SMALL_HERD
        services.trust: _LARGE
        web.app.keys: _TURNS
        web.senders: _SITE_BYTES
        web.wallet_present: _SEVERAL
        cli.walk.door_view: _SHORTEST _SHORT
    """,
    "a unit": """
        formats.hcert.rules.dates: _DAY _HOUR _MINUTE
        formats.hcert.who_times: _DAY
        formats.status.terms: DAY
        primitives.x509: DAY
        services.doctor.eyes: DAY
        services.doctor.published: _HOUR
        services.doctor.registration: _HOUR
        services.health_lines: _DAY _HOUR _MINUTE
        services.wallet.health_words: _YEAR
        web.load: _MILLISECONDS
    """,
    "that there is no end, or nothing yet": """
        adapters.sql.access: _EVER
        adapters.sql.register: _NO_END
        adapters.sql.store: _NEVER
        services.policy_changes: _NEVER
        services.ports: FOR_EVER
        services.revocation_turns: _NEVER
        services.wallet.contents: NOT_VETTED.at NOT_VETTED.until
    """,
    "an exit code, an HTTP status, a file's mode or a port": """
        adapters.files: OWNER_ONLY _PUBLISHED _FOLDER_OWNER_ONLY _OTHERS
        cli.demo_ground: FIRST_PORT FIRST_OPERATOR_PORT FIRST_METRICS_PORT
        cli.main: INTERRUPTED
        cli.output: ACCEPTED REJECTED MALFORMED UNAVAILABLE FAULT
        cli.sandbox: _OPERATOR_OFFSET _METRICS_OFFSET
        cli.walk.script: _REFUSED
        services.access_neighbours: _FAULT
        web.app.workers: METRICS_STEP
        web.status_lists: _NOT_ACCEPTABLE.status
    """,
    "how something looks": """
        adapters.code_pictures: _DOT _DPI
        adapters.pictures: _DOTS _POINTS
        cli.doctor: _WIDTH
        services.registrar_invitations: _GROUP
    """,
    "what a sandbox or the walk makes up": """
        adapters.sandbox.create: _ANY_RATE
        adapters.sandbox.health: _SINCE_DOSE _VALID
        adapters.sandbox.qualified: _SERVICE_SINCE
        adapters.sandbox.registrations: _ENTRIES _TTL _BRISK_TTL
        cli.walk.looking: _KEEP
        cli.walk.new_wallet: _SECONDS
        cli.walk.script: _KEPT
    """,
    "a limit of the page by another name, or the room that is left beside one": """
        adapters.kept_lists: _HEAD
        formats.hcert.rules.expression: _MANY
    """,
}


NO_LIMITS: Final[Mapping[str, str]] = {
    f"zegel.{module}.{name}": instead
    for instead, declared in _DECLARED.items()
    for line in declared.split("\n")
    for module, colon, names in [line.strip().partition(":")]
    if colon
    for name in names.split()
}
"""What each is instead, by its path."""
