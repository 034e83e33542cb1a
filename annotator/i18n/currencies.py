"""Currencies: the codes of ISO 4217, their signs, and amounts as people write them."""

from django.utils.formats import get_format, number_format
from django.utils.translation import pgettext

CODES = tuple(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()
)
NO_BREAK = "\N{NO-BREAK SPACE}"
# Signs that mean one currency in every language; other currencies go by their code.
SIGNS = {
    "EUR": "€",
    "GBP": "£",
    "ILS": "₪",
    "INR": "₹",
    "KRW": "₩",
    "NGN": "₦",
    "PHP": "₱",
    "TRY": "₺",
    "UAH": "₴",
    "USD": "$",
    "VND": "₫",
}
# Decimals of the smallest coin, where it is not a hundredth.
DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


def title(code: str) -> str:
    """Return a code with its sign: “EUR (€)”, “CHF”."""
    return f"{code} ({SIGNS[code]})" if code in SIGNS else code


def amount(value: float, code: str) -> str:
    """Return an amount to the smallest coin, as the reader's language writes it."""
    digits = DECIMALS.get(code, 2)
    whole, coins = divmod(round(abs(value) * 10**digits), 10**digits)
    number = str(number_format(whole, use_l10n=True, force_grouping=True))
    if digits:
        number += f"{get_format('DECIMAL_SEPARATOR')}{coins:0{digits}d}"
    return ("−" if value < 0 and (whole or coins) else "") + with_sign(number, code)


def with_sign(number: str, code: str) -> str:
    """Return a formatted number with the sign of a currency; without one, the number alone."""
    if not code:
        return number
    if code in SIGNS:
        words = pgettext("amount of money with a sign", "%(sign)s%(number)s")
        told = words % {"sign": SIGNS[code], "number": number}
    else:
        words = pgettext("amount of money with a code", "%(code)s %(number)s")
        told = words % {"code": code, "number": number}
    return told.replace(" ", NO_BREAK)
