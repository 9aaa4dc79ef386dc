"""Limits whose pairs stand where the rest of their story is told, and those that have none, each with the reason."""

from collections.abc import Mapping
from typing import Final

_UNIT: Final = "tests/unit/"
_CLOCKS: Final = "tests/attacks/test_clocks.py::"

ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "zegel.trust.revocation.GRACE": (
        _UNIT + "services/test_trust_revocation.py::test_whoever_keeps_the_new_list_away_gains_the_grace_and_no_more",
    ),
    "zegel.trust.revocation.SERVED_FOR": (
        _UNIT + "services/test_trust_revocation.py"
        "::test_whoever_keeps_away_a_list_that_lasts_for_half_a_year_gains_a_day_and_the_grace",
    ),
    **dict.fromkeys(
        ("zegel.profiles.HAIP.status_grace", "zegel.profiles.PLAIN.status_grace"),
        (
            _UNIT + "formats/status/test_terms.py"
            "::test_a_list_is_good_for_its_ttl_then_stale_for_the_profiles_grace_then_refused",
        ),
    ),
    **dict.fromkeys(
        ("zegel.profiles.HAIP.revocation_grace", "zegel.profiles.PLAIN.revocation_grace"),
        (_UNIT + "services/test_trust_revocation.py::test_each_profile_has_a_grace_of_its_own_and_no_more",),
    ),
    "zegel.adapters.outbound.SECONDS": (
        _UNIT + "adapters/test_outbound.py::test_a_slow_body_is_given_up",
        _UNIT + "adapters/test_outbound.py::test_slow_headers_are_given_up",
    ),
    "zegel.adapters.outbound._CONCURRENT": (
        _UNIT + "adapters/test_outbound.py::test_so_many_fetches_run_at_once_and_no_more",
    ),
    "zegel.adapters.pictures.MEMORY": (
        _UNIT + "adapters/test_pictures.py::test_the_process_has_so_much_memory_and_no_more",
    ),
    "zegel.adapters.code_reader.LONGER": (
        _UNIT + "adapters/test_pictures.py::test_a_process_that_hangs_dies_or_babbles_is_a_file_that_cannot_be_read",
    ),
    "zegel.adapters.code_reader.AT_ONCE": (
        _UNIT + "adapters/test_pictures.py::test_so_many_files_are_read_at_once_and_no_more",
    ),
    "zegel.adapters.code_reader.MAX_WAITING": (
        _UNIT + "adapters/test_pictures.py::test_whoever_comes_to_a_long_queue_is_told_when_to_come_again",
    ),
    "zegel.adapters.code_reader._FREE_SECONDS": (
        _UNIT + "adapters/test_pictures.py::test_whoever_comes_to_a_long_queue_is_told_when_to_come_again",
    ),
    "zegel.adapters.picture_bounds.FRAME_CPU_SECONDS": (
        _UNIT + "adapters/test_pictures.py::test_whoever_comes_to_a_long_queue_is_told_when_to_come_again",
    ),
    "zegel.adapters.hashing._THREADS.max_workers": (
        _UNIT + "adapters/test_hashing.py::test_many_log_ins_take_the_memory_of_two",
    ),
    "zegel.services.passwords._HASHES_AT_ONCE": (
        _UNIT + "services/test_log_in.py::test_so_many_passwords_are_looked_at_at_once_and_no_more",
    ),
    **dict.fromkeys(
        ("zegel.formats.hcert.keys._MIN_RSA", "zegel.formats.hcert.keys._MAX_RSA"),
        (_UNIT + "formats/hcert/test_hcert_keys.py::test_an_rsa_key_has_2048_to_4096_bits",),
    ),
    "zegel.formats.hcert.matching.CUT_LETTERS": (
        _UNIT + "formats/hcert/test_matching.py::test_of_a_given_name_that_was_cut_there_are_three_letters_at_least",
    ),
    "zegel.adapters.keyrings._READS": (
        _UNIT + "adapters/test_rotation.py::test_whoever_reads_while_a_key_is_rotated_reads_again",
        _UNIT + "adapters/test_rotation.py::test_a_ring_that_changes_all_the_time_is_given_up",
    ),
    "zegel.adapters.sql.register._LOOKED_THROUGH": (
        _UNIT + "services/test_registrar.py::test_pages_follow_one_another_without_a_gap",
    ),
    "zegel.services.register_reader._LOOKED_THROUGH": (
        _UNIT + "services/test_registrar.py::test_what_is_looked_through_is_bounded_and_goes_on",
    ),
    "zegel.adapters.sql.store._REMEMBERED": (
        _UNIT + "adapters/test_store.py::test_what_was_used_stays_used_when_the_clock_was_ahead_and_is_right_again",
    ),
    "zegel.adapters.sql.upkeep._MEANWHILE": (
        _UNIT + "adapters/test_upkeep.py::test_what_would_be_over_within_the_hour_is_not_restored",
    ),
    "zegel.services.issuer_documents.SIGN_AGAIN": (
        _UNIT + "web/test_issuer.py::test_signed_metadata_is_signed_once_an_hour",
    ),
    "zegel.services.log_watch.MERGE_DELAY": (
        _UNIT + "services/test_log_watch.py::test_a_log_that_stands_still_is_caught",
    ),
    "zegel.services.qualified_lists._AT_ONCE": (
        _UNIT + "services/test_qualified_lists.py::test_so_many_lists_are_in_memory_at_once_and_no_more",
    ),
    "zegel.services.rates._SHARED": (
        _UNIT + "services/test_rates.py::test_beyond_its_room_newcomers_are_counted_together",
    ),
    **dict.fromkeys(
        ("zegel.services.revocation_visit._SIDE_BY_SIDE", "zegel.services.revocation_visit._OF_ONE_HOST"),
        (
            _UNIT + "services/test_revocation_visit.py"
            "::test_all_are_fetched_once_so_many_at_a_time_and_fewer_of_one_host",
        ),
    ),
    "zegel.services.status.RETRY": (
        _UNIT + "services/test_status.py::test_a_host_that_is_back_ends_the_grace_at_once",
    ),
    "zegel.services.status.UNUSED": (
        _UNIT + "services/test_status.py::test_a_list_that_nobody_asks_for_is_fetched_no_longer",
    ),
    "zegel.services.status._REMEMBERED": (
        _UNIT + "services/test_status.py::test_the_lists_that_are_remembered_are_bounded",
    ),
    "zegel.services.status_publisher.PERIODS_VALID": (
        _UNIT + "services/test_status_publisher.py::test_a_pause_is_no_outage",
    ),
    "zegel.services.verifier._ATTEMPTS": (
        _UNIT + "services/test_verifier.py::test_garbage_while_the_right_answer_is_stored_does_not_lose_it",
        _UNIT + "services/test_verifier.py::test_garbage_without_end_leaves_the_session_to_the_next_answer",
    ),
    **dict.fromkeys(
        ("zegel.services.waiting._SOON", "zegel.services.waiting._LOOKS"),
        (_UNIT + "services/test_waiting.py::test_the_more_wait_the_more_seldom_one_looks",),
    ),
    "zegel.services.wallet.holdings._SAME_TIME": (
        _UNIT + "services/wallet/test_holdings.py::test_copies_may_be_signed_a_minute_apart_and_no_more",
    ),
    "zegel.services.wallet.holdings.MAX_EARLY": (
        _UNIT + "services/wallet/test_holdings.py::test_what_begins_within_five_minutes_is_kept_and_not_shown_before",
        _UNIT + "services/wallet/test_holdings.py::test_what_begins_later_or_was_issued_in_the_future_is_refused",
    ),
    "zegel.web.app.registration._AGAIN": (
        "tests/flows/test_registration_renewal.py"
        "::test_a_registrar_that_has_none_is_asked_again_and_that_is_said_once_a_day",
    ),
    "zegel.web.pace._A_SECOND": (
        _UNIT + "web/test_pace.py::test_of_many_each_has_a_place_and_no_second_has_more_than_its_share",
    ),
    "zegel.services.wallet.health.MAX_CERTIFICATES": (
        _UNIT + "services/wallet/test_health.py::test_so_many_are_kept_and_no_more",
    ),
    "zegel.adapters.root_vault.ROOT_LIST_DAYS": (
        _UNIT + "adapters/test_root_vault.py::test_a_list_of_a_root_is_good_for_half_a_year",
    ),
    "zegel.services.access_authority._MAX_ANSWER": (
        _UNIT + "services/test_access_authority.py::test_an_answer_may_have_so_many_bytes_and_no_more",
    ),
    "zegel.services.register_reader._MAX_ANSWER": (
        _UNIT + "services/test_registrar.py::test_a_page_ends_sooner_where_it_would_be_too_much_for_one_answer",
    ),
    "zegel.services.register_reader.MAX_ACCESS_CERTIFICATES": (
        _UNIT + "services/test_registrar.py::test_so_many_access_certificates_are_remembered_and_no_more",
    ),
    "zegel.protocols.webauthn.response.MAX_CREDENTIAL_ID": (
        _UNIT + "protocols/webauthn/test_response.py::test_an_id_has_so_many_bytes_and_no_more",
    ),
    "zegel.protocols.webauthn.options.CHALLENGE_SECONDS": (
        _UNIT + "services/test_registrar_passkeys.py::test_a_challenge_is_good_for_five_minutes",
    ),
    "zegel.services.registrar_admission.MAX_PASSKEYS": (
        _UNIT + "services/test_registrar_passkeys.py::test_a_person_has_so_many_passkeys_and_no_more",
    ),
    "zegel.services.registrar_admission.MAX_PASSKEY_NAME": (
        _UNIT + "services/test_registrar_passkeys.py::test_a_passkey_has_a_name",
    ),
    "zegel.services.registrar.RENEWED_DAYS": (
        _UNIT + "services/test_registrar.py::test_what_ends_soon_is_issued_anew_and_both_are_valid_until_then",
    ),
    "zegel.web.registrar.MAX_FILTERS": (_UNIT + "web/test_registrar.py::test_so_many_filters_and_no_more",),
    "zegel.services.registrar_people.CODE_SECONDS": (
        _UNIT + "services/test_registrar_people.py::test_a_code_is_good_for_a_day_and_for_one_person",
    ),
    "zegel.services.registrar_invitations.MAX_TRIES": (
        _UNIT + "services/test_registrar_invitations.py::test_five_wrong_codes_spend_it_and_four_do_not",
    ),
    "zegel.services.registrar_people.SESSION_SECONDS": (
        _UNIT + "services/test_registrar_people.py::test_a_session_lasts_for_an_hour",
    ),
    "zegel.services.registrar_people.SIGN_IN_SECONDS": (
        _UNIT + "services/test_registrar_people.py::test_who_comes_back_too_late_is_not_signed_in",
    ),
    "zegel.services.registrar_people.TOKEN_SECONDS": (
        _UNIT + "services/test_registrar_people.py::test_a_token_is_good_for_a_quarter_of_a_year",
    ),
    "zegel.web.app.issuer_source.STATUS_SECONDS": (
        "tests/unit/services/test_status.py::test_a_list_is_used_again_while_it_is_kept",
    ),
    "zegel.web.wallet_credentials.MAX_LINES": (
        "tests/unit/web/test_wallet.py::test_a_page_of_the_log_has_so_many_lines_and_says_that_there_are_more",
    ),
    "zegel.services.wallet.vetting.AGAIN_SECONDS": (
        "tests/flows/test_registration.py::test_what_could_not_be_looked_up_is_looked_up_again_after_a_minute",
    ),
    "zegel.trust.lists.xml.verify.MAX_PIVOTS": (
        _UNIT + "services/test_qualified_lists.py::test_so_many_pivots_are_followed_and_no_more",
    ),
    "zegel.services.qualified_lists.MAX_NATIONAL_LISTS": (
        _UNIT + "services/test_qualified_lists.py::test_so_many_national_lists_are_followed_and_no_more",
    ),
    "zegel.services.revocation_turns.MAX_ADDRESSES": (
        "tests/unit/services/test_trust_revocation.py::test_so_many_lists_are_fetched_and_no_more",
    ),
    "zegel.services.revocation_turns.MAX_SERVED_BYTES": (
        "tests/unit/services/test_revocation_turns.py::test_lists_take_so_much_room_and_no_more",
    ),
    "zegel.services.log_watch.MAX_SEEN": (
        _UNIT + "services/test_log_watch.py::test_a_visit_sees_so_many_entries_and_no_more",
    ),
    "zegel.services.log_watch.MAX_SEEN_BYTES": (
        _UNIT + "services/test_log_watch.py::test_a_visit_reads_so_much_and_no_more",
    ),
    "zegel.services.log_watch.SEEN_SECONDS": (
        _UNIT + "services/test_log_watch.py::test_a_visit_asks_for_so_long_and_no_longer",
    ),
    "zegel.services.revocation_visit.VISIT_SECONDS": (
        _UNIT + "services/test_trust_revocation.py::test_a_host_that_hangs_is_told_of_and_the_rest_has_its_turn",
    ),
    "zegel.trust.revocation._MAX_WANTED": ("tests/unit/trust/test_revocation.py::test_what_is_noted_is_bounded",),
    "zegel.trust.revocation._MAX_POINTS": (
        "tests/unit/trust/test_revocation.py::test_of_many_addresses_two_are_noted",
    ),
    "zegel.services.door.VERDICT_SECONDS": ("tests/unit/web/test_door.py::test_after_a_minute_nothing_is_left",),
    "zegel.web.app.door._STATUS_SECONDS": (
        "tests/unit/services/test_status.py::test_a_list_is_used_again_while_it_is_kept",
    ),
    "zegel.services.wallet.wallet.STATUS_SECONDS": (
        "tests/unit/services/test_status.py::test_a_list_is_used_again_while_it_is_kept",
    ),
    "zegel.protocols.oauth.lifetimes.LOG_IN_SECONDS": (
        "tests/unit/web/test_issuer_log_in.py::test_a_person_who_came_in_time_may_take_a_while_and_no_longer",
    ),
    "zegel.adapters.redirects.MAX_REDIRECTS": (
        _UNIT + "adapters/test_outbound.py::test_redirects_are_followed_three_times_with_nothing_but_what_is_accepted",
        _UNIT + "adapters/test_outbound.py::test_a_fourth_redirect_is_not_followed",
    ),
    "zegel.protocols.openid4vci.wallet.issuance.MAX_RENEWALS": (
        _UNIT + "protocols/openid4vci/test_flows.py::test_a_c_nonce_is_fetched_so_often_and_no_more",
    ),
    "zegel.demo.sessions._IDLE_SECONDS": (
        _UNIT + "demo/test_sessions.py::test_a_session_that_rests_for_half_an_hour_ends",
    ),
    "zegel.adapters.vault.MAX_VAULT": (_UNIT + "adapters/test_vault.py::test_a_vault_holds_so_much_and_no_more",),
    "zegel.cli.verifier._MAX_WAIT": (_UNIT + "cli/test_operators.py::test_a_long_wait_is_asked_again",),
    "zegel.demo.sessions._MAX_SESSIONS": (_UNIT + "demo/test_sessions.py::test_strangers_push_out_the_oldest",),
    "zegel.formats.mdoc.parse.MAX_DOCUMENTS": (
        _UNIT + "formats/mdoc/test_parse_mdoc.py::test_a_response_may_hold_no_documents_or_a_few",
        _UNIT + "formats/mdoc/test_parse_mdoc.py::test_other_errors_are_malformed",
    ),
    "zegel.formats.sdjwt.disclosures.MAX_DISCLOSURES": (
        _UNIT + "formats/sdjwt/test_parse_sdjwt.py::test_disclosures_are_bounded_in_number",
    ),
    "zegel.formats.sdjwt.key_binding.MAX_AGE": (_CLOCKS + "test_a_holders_proof_is_held_to_the_same",),
    "zegel.formats.sdjwt.key_binding.MAX_KEY_BINDING": (
        _UNIT + "formats/sdjwt/test_parse_sdjwt.py::test_a_proof_may_have_all_its_bytes_and_not_one_more",
    ),
    "zegel.formats.sdjwt.types.MAX_TYPES": (
        _UNIT + "formats/sdjwt/test_type_metadata.py::test_a_chain_of_types_is_bounded",
    ),
    "zegel.formats.status.reference.MAX_LISTS": (
        _UNIT + "formats/status/test_reference.py::test_an_issuer_has_only_so_many_lists",
    ),
    "zegel.formats.status.terms.MAX_AGE": (
        _UNIT + "formats/status/test_token.py::test_what_may_be_left_out_has_a_default",
        _UNIT + "formats/status/test_token.py::test_a_list_that_names_no_end_is_taken_for_a_day",
    ),
    "zegel.formats.status.terms.MIN_TTL": (
        _UNIT + "formats/status/test_token.py::test_section_11_5_a_time_to_live_is_kept_within_reason",
    ),
    "zegel.services.wallet.wallet.AGAIN_SECONDS": (
        "tests/flows/test_wallet.py::test_a_renewal_that_fails_is_tried_again_later_and_nothing_is_lost",
    ),
    "zegel.services.wallet.wallet.LOOK_SECONDS": (
        "tests/flows/test_wallet.py::test_a_wallet_looks_twice_a_day_whether_what_it_holds_was_revoked",
    ),
    "zegel.services.status._MAX_REMEMBERED_BYTES": (
        _UNIT
        + "services/test_status.py::"
        + "test_of_the_largest_lists_as_many_are_remembered_as_a_worker_has_memory_for",
    ),
    "zegel.primitives.times.TOLERATED_EARLY": ("tests/limits/test_skews.py::test_a_second_more_is_refused",),
    "zegel.primitives.times.TOLERATED_LATE": ("tests/limits/test_skews.py::test_a_second_more_is_refused",),
    "zegel.protocols.oauth.client_attestation._POP_SECONDS": (
        _CLOCKS + "test_the_clock_of_an_attested_wallet_is_held_to_the_same",
    ),
    "zegel.protocols.oauth.token.MAX_TRIES": (
        "tests/flows/test_issuance.py::test_five_wrong_transaction_codes_are_the_end",
    ),
    "zegel.protocols.openid4vci.credential.NOTIFICATION_SECONDS": (
        _UNIT + "services/test_issuer.py::test_what_was_noted_is_remembered_for_a_day_however_often_it_is_said",
        _UNIT + "adapters/test_store.py::test_an_expired_record_is_gone_at_its_second",
    ),
    "zegel.protocols.openid4vci.deferred.DEFERRED_SECONDS": (
        _UNIT + "services/test_issuer.py::test_whoever_asks_early_makes_a_deferred_transaction_no_longer_lived",
        _UNIT + "adapters/test_store.py::test_an_expired_record_is_gone_at_its_second",
    ),
    "zegel.protocols.openid4vp.matching.MAX_PRESENTATIONS": (
        _UNIT + "protocols/openid4vp/test_matching.py::test_several_may_be_chosen_where_several_are_asked_for",
    ),
    "zegel.protocols.openid4vp.matching.MAX_WAYS": (
        _UNIT + "protocols/openid4vp/test_matching.py::test_of_very_many_ways_the_first_thousand_are_looked_at",
    ),
    "zegel.protocols.openid4vp.verifier.RESULT_SECONDS": (
        _UNIT + "protocols/openid4vp/test_verifier.py::test_the_result_waits_for_the_return_and_then_for_the_service",
        _UNIT + "protocols/openid4vp/test_verifier.py::test_a_result_that_nobody_fetches_is_gone",
    ),
    "zegel.protocols.openid4vp.verifier.OUTCOME_SECONDS": (
        _UNIT + "protocols/openid4vp/test_verifier.py::test_the_result_waits_for_the_return_and_then_for_the_service",
        _UNIT + "web/test_verifier.py::test_after_an_hour_nothing_is_left_of_a_session",
        _UNIT + "web/test_verifier_operator.py::test_of_what_nobody_collects_the_outcome_is_left",
    ),
    "zegel.services.passwords.MAX_WAITING": (
        _UNIT + "services/test_log_in.py::test_only_so_many_passwords_wait_and_whoever_is_sent_away_has_all_tries",
    ),
    "zegel.services.passwords._FREE_SECONDS": (
        _UNIT + "services/test_log_in.py::test_only_so_many_passwords_wait_and_whoever_is_sent_away_has_all_tries",
    ),
    "zegel.services.log_in.MAX_TRIES": (
        _UNIT + "web/test_issuer_log_in.py::test_five_wrong_passwords_end_the_visit_even_for_the_right_one",
    ),
    "zegel.services.rates.MAX_KEYS": (
        _UNIT + "services/test_rates.py::test_beyond_its_room_newcomers_are_counted_together",
    ),
    "zegel.services.wallet.flows.FLOW_SECONDS": (
        _UNIT + "services/wallet/test_flows.py::test_a_flow_is_found_until_its_time_is_over",
    ),
    "zegel.services.wallet.flows.MAX_FLOWS": (
        _UNIT + "services/wallet/test_flows.py::test_there_are_never_more_flows_than_a_person_reads",
    ),
    "zegel.services.wallet.holdings.RETRY_SECONDS": (
        _UNIT + "services/wallet/test_holdings.py::test_renewal_is_not_asked_for_in_a_circle",
    ),
    "zegel.trust.anchors._MAX_REMEMBERED": (_UNIT + "trust/test_anchors.py::test_what_is_remembered_is_bounded",),
    "zegel.web.app.connection.ANSWER_SECONDS": (
        _UNIT + "web/test_serve.py::test_answers_that_are_not_read_keep_no_connection_open",
    ),
    "zegel.web.app.connection.HEAD_SECONDS": (
        _UNIT + "web/test_serve.py::test_a_head_that_does_not_come_is_not_waited_for",
    ),
    "zegel.web.app.connection.MAX_HEADERS_READ": (
        _UNIT + "web/test_serve.py::test_headers_without_end_are_not_collected",
    ),
    "zegel.web.app.connection.MAX_QUEUED": (
        _UNIT + "web/test_serve.py::test_many_requests_at_once_are_not_queued_without_end",
    ),
    "zegel.web.app.connection.MAX_HEAD_READ": (_UNIT + "web/test_serve.py::test_a_long_body_is_no_long_head",),
    "zegel.web.app.serve.GRACE_SECONDS": (_UNIT + "web/test_serve.py::test_what_takes_longer_than_the_grace_is_cut",),
    "zegel.web.asgi.BODY_SECONDS": (_UNIT + "web/test_asgi.py::test_a_body_that_does_not_come_is_not_waited_for",),
    "zegel.web.asgi.MAX_HEADERS": (
        _UNIT + "web/test_asgi.py::test_headers_of_just_the_limit_are_taken",
        _UNIT + "web/test_asgi.py::test_headers_beyond_their_limit_reach_nobody",
    ),
    "zegel.web.asgi.MAX_HEADER_BYTES": (
        _UNIT + "web/test_asgi.py::test_headers_of_just_the_limit_are_taken",
        _UNIT + "web/test_asgi.py::test_headers_beyond_their_limit_reach_nobody",
    ),
    "zegel.web.load.REFRESH_SECONDS": (
        _UNIT + "web/test_load.py::test_a_page_is_loaded_again_by_itself_and_a_form_is_not_sent_again",
    ),
    "zegel.web.load.RETRY_AFTER_SECONDS": (
        _UNIT + "web/test_load.py::test_too_much_to_do_is_503_with_when_to_come_again",
    ),
    "zegel.web.pace.LATE_SECONDS": (_UNIT + "web/test_pace.py::test_nobody_waits_for_longer_than_is_worth_it",),
    "zegel.web.pace.SOON_SECONDS": (_UNIT + "web/test_pace.py::test_a_few_pages_are_loaded_again_soon",),
    "zegel.web.provider.PUBLISHED_SECONDS": (
        "tests/flows/test_rotation.py::test_a_successor_that_not_everybody_knows_yet_does_not_sign",
    ),
    "zegel.services.wallet_instances.MAX_ATTESTED": (
        _UNIT + "services/test_wallet_provider.py::test_a_wallet_is_attested_only_so_often",
    ),
    "zegel.trust.attestation_claims.MIN_MAINTAINED": (
        _UNIT + "trust/test_attestation_claims.py::test_a_status_is_maintained_for_31_days_more_to_the_second",
    ),
    **dict.fromkeys(
        ("zegel.services.type_metadata._KEPT_SECONDS", "zegel.services.type_metadata._ABSENT_SECONDS"),
        (
            _UNIT + "services/test_type_metadata.py"
            "::test_a_document_is_fetched_once_an_hour_and_one_that_is_nowhere_once_a_minute",
        ),
    ),
    "zegel.services.type_metadata._MAX_DOCUMENTS": (
        _UNIT + "services/test_type_metadata.py::test_of_documents_that_are_kept_there_are_64",
    ),
    "zegel.web.wallet_door.MAX_TRIES": (_UNIT + "web/test_wallet.py::test_ten_wrong_codes_are_enough",),
}
"""The tests that hold a limit from both sides."""

_TURN: Final = "how often something of our own comes round: nothing is refused by it"
_TOLD: Final = "what caches are told, or what we say of our own: others keep to it, or do not"
_KEPT: Final = "the size of a memory: beyond it is slower, and nothing else"
_SUM: Final = "a sum of other limits"
_SAME: Final = "the limit of adapters.redirects, as a caller asks for it"
_OWN: Final = "what a command of ours asks or makes, on its owner's machine"
_SYSTEM: Final = "the system, or a library, waits for so long or has so many wait: a test would do the same"

EXEMPT: Final[Mapping[str, str]] = {
    "zegel.adapters.sql.dialect._BUSY_MILLISECONDS": _SYSTEM,
    "zegel.adapters.sql.dialect._STILL_BUSY_MILLISECONDS": _SYSTEM,
    "zegel.demo.tax_online._TIMEOUT": _SYSTEM,
    "zegel.web.app.serve._BACKLOG": _SYSTEM,
    "zegel.services.revocation_visit._TOGETHER": _TURN,
    "zegel.web.app.statuses._AT_LEAST": _TURN,
    "zegel.web.app.world._SOONEST": _TURN,
    "zegel.web.wallet_receive._SECONDS_TO_LOOK_AGAIN": _TURN,
    "zegel.services.wallet_provider._LASTING": _TOLD,
    "zegel.web.app.keys._SESSIONS": "no less than what hangs on a key, each of which is a limit of its own",
    "zegel.adapters.sandbox.lists._DAYS": _OWN,
    "zegel.adapters.sandbox.qualified._DAYS": _OWN,
    "zegel.adapters.sandbox.registrations._DAYS": _OWN,
    "zegel.cli.issue._OPTION_LIMIT": _OWN,
    "zegel.cli.operator._SECONDS": _OWN,
    "zegel.cli.sandbox._LAST_PORT": _OWN,
    "zegel.services.registrar.VALID_DAYS": _TOLD,
    "zegel.web.registrar._ANSWER_SECONDS": _TOLD,
    "zegel.web.registrar._KEYS_SECONDS": _TOLD,
    "zegel.web.app.keys._KEPT_SECONDS": _TOLD,
    "zegel.adapters.sql.register._MAX_WORDS": _KEPT,
    "zegel.adapters.outbound._KEPT_ALIVE_SECONDS": _TURN,
    "zegel.services.rates.MINUTE_SECONDS": _TURN,
    "zegel.web.app.issuer._SHARED_SECONDS": _TURN,
    "zegel.web.app.issuer_source._LOOK_SECONDS": _TURN,
    "zegel.web.app.serve._RETRY_SECONDS": _TURN,
    "zegel.web.app.wallet._FRESH_SECONDS": _TURN,
    "zegel.web.app.wallet._LOCK_SECONDS": _TURN,
    "zegel.web.app.workers.KILL_SECONDS": _TURN,
    "zegel.web.app.workers.RESTART_SECONDS": _TURN,
    "zegel.protocols.oidc.sign_in.ID_TOKEN_SECONDS": _TOLD,
    "zegel.protocols.openid4vci.publication.SIGNED_SECONDS": _TOLD,
    "zegel.services.wallet_provider.KEY_ATTESTATION_SECONDS": _TOLD,
    "zegel.services.wallet_watch.RETRY_SECONDS": _TURN,
    "zegel.web.errors.UNAVAILABLE_SECONDS": _TOLD,
    "zegel.web.issuer.METADATA_SECONDS": _TOLD,
    "zegel.web.status_lists._AGGREGATION_SECONDS": _TOLD,
    "zegel.web.issuer._TYPE_SECONDS": _TOLD,
    "zegel.web.trust.MAX_AGE": _TOLD,
    "zegel.formats.hcert.code._MAX_KEPT_HEADER": _KEPT,
    "zegel.primitives.cose._MAX_KEPT_HEADER": _KEPT,
    "zegel.primitives.jws._MAX_KEPT_HEADER": _KEPT,
    "zegel.web.qr.MAX_PICTURES": _KEPT,
    "zegel.adapters.picture_bounds.CPU_SECONDS": "the system ends a longer process: a test would wait as long",
    "zegel.web.upload.MAX_UPLOAD": _SUM,
    "zegel.services.issuer.GRANT_SECONDS": _SUM,
    "zegel.services.wallet.issuance._MAX_ANSWER": _SUM,
    "zegel.cli.wallet_network._REDIRECTS": _SAME,
    "zegel.services.health_lists._REDIRECTS": _SAME,
    "zegel.services.status._REDIRECTS": _SAME,
    "zegel.services.type_metadata._REDIRECTS": _SAME,
    "zegel.web.app.qualified._REDIRECTS": _SAME,
    "zegel.web.app.world._REDIRECTS": _SAME,
    "zegel.adapters.sandbox.authorities.ISSUING_DAYS": _OWN,
    "zegel.adapters.sandbox.authorities.SIGNER_DAYS": _OWN,
    "zegel.adapters.sandbox.revocations.CRL_DAYS": _OWN,
    "zegel.cli.callback._MAX_HEAD": _OWN,
    "zegel.cli.callback._READ_SECONDS": _OWN,
    "zegel.cli.inspect._MAX_INPUT": _OWN,
    "zegel.cli.issue._MAX_DAYS": _OWN,
    "zegel.cli.issue._MAX_INDEX": _OWN,
    "zegel.cli.issue._MAX_NAME": _OWN,
    "zegel.cli.verify._MAX_INPUT": _OWN,
    "zegel.cli.verify._SECONDS_DIGITS": _OWN,
    "zegel.cli.walk.browser._MAX_REDIRECTS": _OWN,
    "zegel.cli.wallet.LOG_IN_SECONDS": _OWN,
    "zegel.cli.why._MAX_INPUT": _OWN,
    "zegel.services.doctor.eyes._MAX_DOCUMENT": _OWN,
    "zegel.services.doctor.issuer._MAX_LISTS": _OWN,
    "zegel.services.doctor.issuer._MAX_SERVERS": _OWN,
    "zegel.services.doctor.published._MAX_LISTS": _OWN,
    "zegel.services.offers.TX_CODE_DIGITS": _OWN,
    "zegel.trust.authority._ROOT_DAYS": _OWN,
    "zegel.web.app.workers._MAX_PORT": _OWN,
}
"""Limits that nobody comes up against, with the reason."""

OPEN: Final = frozenset[str]()
"""Limits that no test holds from both sides yet: to be fewer with each change, and never more."""
MAX_OPEN: Final = 0
