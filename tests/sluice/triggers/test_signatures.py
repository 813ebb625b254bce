"""Who signed a request: the vendors' own examples, and everything that is nearly one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import SettingError, SignatureError, StaleSignatureError
from sluice.triggers.signatures import MAX_SIGNATURES, TOLERANCE_SECONDS, Signed, signing_key, verify
from tests.sluice.signers import SIGNERS, github, standard, stripe

NOW = 1_614_265_330
BODY = b'{"test": 2432232314}'
# Good for every form: base64, and long enough as a text.
SECRETS = ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64encode(bytes(range(32))).decode()]
FORMS = list(SIGNERS)


def check(
    form: str, headers: dict[str, str], body: bytes = BODY, now: float = NOW, secrets: list[str] = SECRETS
) -> Signed:
    """Verify a request."""
    return verify(form, [signing_key(form, secret) for secret in secrets], headers, body, now)


def test_the_reference_example_of_standard_webhooks() -> None:
    """The example of the reference libraries:
    https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries.
    """
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    expected = Signed(at=1_614_265_330, id="msg_p5jXN8AQM9LWM0D4loKWxJek")
    assert check("standard", headers, secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]) == expected
    assert check("standard", headers, secrets=["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]) == expected


def test_the_example_of_githubs_page() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation."""
    headers = {
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    signed = check("github", headers, b"Hello, World!", secrets=["It's a Secret to Everybody"])
    assert signed == Signed(at=None, id="")


def test_stripes_construction_step_by_step() -> None:
    """What https://docs.stripe.com/webhooks#verify-manually builds, with the v0 that it says to ignore."""
    assert (
        check(
            "stripe", stripe("whsec_a_secret_of_stripes", BODY, NOW), secrets=["whsec_a_secret_of_stripes"]
        ).at
        == NOW
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_each_of_several_secrets_is_valid(form: str, secret: str) -> None:
    """While a secret is being changed, senders have either."""
    check(form, SIGNERS[form](secret, BODY, NOW))


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_was_taken_away_is_not(form: str) -> None:
    """Only what is valid now counts."""
    with pytest.raises(SignatureError):
        check(form, SIGNERS[form](SECRETS[0], BODY, NOW), secrets=SECRETS[1:])


@pytest.mark.parametrize("form", ["standard", "stripe"])
def test_a_sender_may_sign_with_two_secrets(form: str) -> None:
    """One of them has to be known: that is how senders change their secret."""
    name = {"standard": "webhook-signature", "stripe": "stripe-signature"}[form]
    known, unknown = (SIGNERS[form](secret, BODY, NOW)[name] for secret in SECRETS)
    both = f"{unknown} {known}" if form == "standard" else f"{unknown},{known.split(',')[1]}"
    headers = {**SIGNERS[form](SECRETS[0], BODY, NOW), name: both}
    check(form, headers, secrets=SECRETS[:1])
    many = (
        " ".join([unknown] * MAX_SIGNATURES + [known])
        if form == "standard"
        else ",".join([unknown] + [known.split(",")[1]] * 9)
    )
    with pytest.raises(SignatureError):
        check(form, {**headers, name: many}, secrets=SECRETS[:1])


@pytest.mark.parametrize("form", ["standard", "stripe"])
@pytest.mark.parametrize("away", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_a_time_stamp_may_be_five_minutes_away_and_no_more(form: str, away: int) -> None:
    """In the past and in the future: both clocks may be wrong."""
    check(form, SIGNERS[form](SECRETS[0], BODY, NOW + away))
    further = away + (1 if away > 0 else -1)
    with pytest.raises(StaleSignatureError, match="301 seconds away"):
        check(form, SIGNERS[form](SECRETS[0], BODY, NOW + further))


def test_github_signs_no_time() -> None:
    """So a request of any age is as good as new; that it came before is the ledger's to know."""
    check("github", github(SECRETS[0], BODY), now=NOW + 10**9)


@pytest.mark.parametrize(
    ("form", "changed"),
    [
        ("standard", {"webhook-id": ""}),
        ("standard", {"webhook-id": "msg.1"}),
        ("standard", {"webhook-id": "msg_1."}),
        ("standard", {"webhook-timestamp": ""}),
        ("standard", {"webhook-timestamp": "1e9"}),
        ("standard", {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}),
        ("standard", {"webhook-timestamp": f" {NOW}"}),
        ("standard", {"webhook-timestamp": f"-{NOW}"}),
        ("standard", {"webhook-signature": ""}),
        ("standard", {"webhook-signature": "v1,"}),
        ("standard", {"webhook-signature": "v1a,é"}),
        ("standard", {"webhook-signature": "v1,\ud800"}),
        ("github", {"x-hub-signature-256": ""}),
        ("github", {"x-hub-signature-256": "sha256="}),
        ("github", {"x-hub-signature-256": "sha1=" + "0" * 40}),
        ("stripe", {"stripe-signature": ""}),
        ("stripe", {"stripe-signature": f"t={NOW}"}),
        ("stripe", {"stripe-signature": "v1=" + "0" * 64}),
        ("stripe", {"stripe-signature": f"t={NOW},t={NOW},v1=" + "0" * 64}),
    ],
)
def test_what_is_malformed_is_refused_in_the_words_for_a_wrong_signature(
    form: str, changed: dict[str, str]
) -> None:
    """Nobody learns how near they came."""
    headers = SIGNERS[form](SECRETS[0], BODY, NOW)
    with pytest.raises(SignatureError) as wrong:
        check(form, SIGNERS[form]("A" * 32, BODY, NOW))
    for bad in (
        {**headers, **changed},
        {name: value for name, value in headers.items() if name not in changed},
    ):
        with pytest.raises(SignatureError) as found:
            check(form, bad)
        assert str(found.value) == str(wrong.value)


@pytest.mark.parametrize("form", FORMS)
def test_the_signature_of_another_form_is_none(form: str) -> None:
    """Headers of the other two change nothing."""
    others = {
        name: value
        for other in FORMS
        if other != form
        for name, value in SIGNERS[other](SECRETS[0], BODY, NOW).items()
    }
    with pytest.raises(SignatureError):
        check(form, others)


@pytest.mark.parametrize(
    ("form", "secret", "says"),
    [
        ("standard", "no base64!", "base64"),
        ("standard", "", "at least 16 bytes, found 0"),
        ("github", "short", "found 5"),
        ("stripe", " \n", "found 0"),
    ],
)
def test_a_secret_that_can_be_guessed_is_none(form: str, secret: str, says: str) -> None:
    """An empty one would let everybody in."""
    with pytest.raises(SettingError, match=says):
        signing_key(form, secret)


def test_a_line_end_is_no_part_of_a_secret() -> None:
    """It comes from files that were put as they are."""
    assert signing_key("stripe", "whsec_a_secret_of_stripes\n") == b"whsec_a_secret_of_stripes"


ATTEMPTS = st.tuples(
    st.sampled_from(FORMS),
    st.binary(max_size=50),
    st.integers(0, 10**12 - 1),
    st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True),
)


@given(ATTEMPTS, ATTEMPTS)
def test_a_signature_is_good_for_what_was_signed_and_nothing_else(
    first: tuple[str, bytes, int, str], other: tuple[str, bytes, int, str]
) -> None:
    """Whatever part is taken from another request, the request is that very one or is refused."""
    form, body, at, delivery = first
    headers = SIGNERS[form](SECRETS[0], body, at, delivery)
    assert verify(form, [signing_key(form, SECRETS[0])], headers, body, at) is not None
    stolen = SIGNERS[form](SECRETS[1], other[1], other[2], other[3])
    for name in headers:
        if name.startswith("x-github"):
            continue  # GitHub signs neither
        mixed = {**headers, name: stolen[name]}
        if mixed != headers:
            with pytest.raises(SignatureError):
                verify(form, [signing_key(form, SECRETS[0])], mixed, body, at)
    if other[1] != body:
        with pytest.raises(SignatureError):
            verify(form, [signing_key(form, SECRETS[0])], headers, other[1], at)


@given(st.sampled_from(FORMS), st.data())
def test_no_changed_character_is_let_through(form: str, data: st.DataObject) -> None:
    """One character of the body or of a signed header is put in, taken out or replaced: the request is
    refused, by its own error.
    """
    headers = dict(SIGNERS[form](SECRETS[0], BODY, NOW))
    place = data.draw(
        st.sampled_from([name for name in headers if not name.startswith("x-github")] + ["body"])
    )
    text = BODY.decode() if place == "body" else headers[place]
    at = data.draw(st.integers(0, len(text) - 1))
    new = text[:at] + data.draw(st.text(max_size=2)) + text[at + data.draw(st.integers(0, 1)) :]
    body = BODY
    if place == "body":
        body = new.encode("utf-8", "surrogatepass")
    else:
        headers[place] = new
    if new == text or _intact(place, text, new):
        return
    with pytest.raises(SignatureError):
        check(form, headers, body)


def _intact(place: str, text: str, new: str) -> bool:
    """Return whether a header that is a list still has all that counts, beside a version that is unknown."""
    if place == "webhook-signature":
        return text in new.split(" ")
    return place == "stripe-signature" and set(text.split(",")[:2]) <= set(new.split(","))


@given(
    st.sampled_from(FORMS),
    st.dictionaries(st.sampled_from([n for s in SIGNERS.values() for n in s(SECRETS[0], b"", 0)]), st.text()),
    st.binary(),
)
def test_noise_is_refused(form: str, headers: dict[str, str], body: bytes) -> None:
    """Whatever stands in the headers, the answer is the same error and no other."""
    with pytest.raises(SignatureError):
        check(form, headers, body)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every given signature meets every key, also after one that matches."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("sluice.triggers.signatures.hmac.compare_digest", compare)
    headers = standard(SECRETS[0], BODY, NOW)
    headers["webhook-signature"] += f" {headers['webhook-signature']}"
    check("standard", headers)
    assert len(compared) == 2 * len(SECRETS)
