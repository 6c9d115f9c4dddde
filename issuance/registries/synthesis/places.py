"""The fourteen governorates (ISO 3166-2), their towns, and the quarters that entries are kept under."""

from dataclasses import dataclass

from issuance.registries.synthesis.names import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Governorate:
    """A governorate; its first town is its centre, and every town has a civil registry office."""

    code: str
    name: Name
    towns: tuple[Name, ...]
    weight: int  # its share of the founders, relative to the others


def _governorate(line: str) -> Governorate:
    head, towns = line.split(":")
    code, weight, name = head.split(maxsplit=2)
    return Governorate(
        code=code, weight=int(weight), name=_name(name), towns=tuple(map(_name, towns.split(",")))
    )


def _name(text: str) -> Name:
    arabic, english = text.strip().split("/")
    return arabic, english


# code, weight, name: towns
_TABLE = """
SY-DI  90 دمشق/Damascus: دمشق/Damascus, الميدان/Al-Midan, الصالحية/Al-Salihiyah, المزة/Mezzeh, برزة/Barzeh
SY-RD 130 ريف دمشق/Rural Damascus: دوما/Douma, داريا/Darayya, التل/Al-Tall, الزبداني/Al-Zabadani
SY-HL 190 حلب/Aleppo: حلب/Aleppo, إعزاز/Azaz, الباب/Al-Bab, منبج/Manbij, عفرين/Afrin, عين العرب/Ayn al-Arab
SY-HI  90 حمص/Homs: حمص/Homs, تدمر/Palmyra, الرستن/Al-Rastan, القصير/Al-Qusayr, تلكلخ/Talkalakh
SY-HM  85 حماة/Hama: حماة/Hama, السلمية/Salamiyah, مصياف/Masyaf, محردة/Mhardeh, مورك/Morek
SY-LA  60 اللاذقية/Latakia: اللاذقية/Latakia, جبلة/Jableh, القرداحة/Qardaha, الحفة/Al-Haffah, كسب/Kessab
SY-TA  45 طرطوس/Tartus: طرطوس/Tartus, بانياس/Baniyas, صافيتا/Safita, دريكيش/Dreikish, أرواد/Arwad
SY-ID  75 إدلب/Idlib: إدلب/Idlib, معرة النعمان/Maarrat al-Numan, جسر الشغور/Jisr al-Shughur, أريحا/Ariha
SY-DY  65 دير الزور/Deir ez-Zor: دير الزور/Deir ez-Zor, الميادين/Al-Mayadin, البوكمال/Abu Kamal
SY-RA  45 الرقة/Raqqa: الرقة/Raqqa, الطبقة/Al-Tabqah, تل أبيض/Tell Abyad, الكرامة/Al-Karamah
SY-HA  60 الحسكة/Al-Hasakah: الحسكة/Al-Hasakah, القامشلي/Qamishli, رأس العين/Ras al-Ayn, عامودا/Amuda
SY-DR  40 درعا/Daraa: درعا/Daraa, إزرع/Izra, الصنمين/Al-Sanamayn, نوى/Nawa, بصرى الشام/Busra al-Sham
SY-SU  20 السويداء/As-Suwayda: السويداء/As-Suwayda, شهبا/Shahba, صلخد/Salkhad, القريا/Al-Qurayya
SY-QU  12 القنيطرة/Quneitra: القنيطرة/Quneitra, خان أرنبة/Khan Arnabah, جباتا الخشب/Jubata al-Khashab, فيق/Fiq
"""
GOVERNORATES = tuple(_governorate(line) for line in _TABLE.strip().splitlines())

# The registry place (الخانة) is a quarter of the office's town.
QUARTERS: tuple[Name, ...] = (
    ("الحي الشرقي", "Eastern Quarter"),
    ("الحي الغربي", "Western Quarter"),
    ("الحي الشمالي", "Northern Quarter"),
    ("الحي القبلي", "Southern Quarter"),
    ("حي القلعة", "Citadel Quarter"),
    ("حي السوق", "Market Quarter"),
    ("حي البستان", "Orchard Quarter"),
    ("حي العين", "Spring Quarter"),
)
