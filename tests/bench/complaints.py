"""Complaints as residents send them: all over the province, of many kinds, with a point and a person."""

from itertools import count
from typing import Any, Final

_KINDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("PUPR-{}", {"category": "road.damage", "answers": {"road_class": "regency"}}),
    ("PUPR-PERKIM", {"category": "road.damage", "answers": {"road_class": "provincial"}}),
    ("DLH-{}", {"category": "env.waste"}),
    ("PDAM-{}", {"category": "water.supply"}),
)
"""With the agency that the rules of routing give it to; {} is the regency."""
_PLACES: Final = (
    ("52.71", {"latitude": -8.5833, "longitude": 116.1167}),
    ("52.03", {"latitude": -8.6510, "longitude": 116.5380}),
    ("52.02", {"latitude": -8.7050, "longitude": 116.2700}),
    ("52.72", {"latitude": -8.4500, "longitude": 118.7270}),
    ("52.05", {"latitude": -8.5360, "longitude": 118.4630}),
    ("52.04", {"latitude": -8.4890, "longitude": 117.4200}),
)
"""With their regency."""
_TEXTS: Final = (
    (
        "Jalan di depan pasar rusak parah sejak hujan bulan lalu; lubangnya dalam dan setiap pagi ada pengendara yang "
        "jatuh. Kami sudah lapor ke kepala dusun, tetapi belum ada yang datang melihat. Mohon segera ditambal."
    ),
    (
        "Pohon mangga tua milik kantor lurah condong ke kabel; dahannya sudah dua kali menimpa kios bakso. Petugas "
        "pernah mengukur batangnya, lalu pergi. Kalau angin barat datang, pembeli pindah ke seberang karena takut."
    ),
    (
        "Selokan samping puskesmas mampet plastik, jentik nyamuk berenang di sana. Tetangga dan anaknya kena demam "
        "berdarah pekan lalu, padahal kader posyandu rajin keliling. Tolong dikuras dan diberi abate."
    ),
    (
        "Lampu taman bermain padam total, remaja nongkrong minum tuak sampai subuh dan melempar botol. Ibu pengajian "
        "terpaksa memutar lewat sawah. Tiang nomor sebelas bahkan sudah dicabut kabelnya oleh pemulung."
    ),
    (
        "Halte bus sekolah kehilangan bangku dan atap seng, murid SMP berteduh di warung pulsa. Sopir angkot berhenti "
        "sembarangan sehingga guru piket mengatur barisan sendiri tiap jam pulang."
    ),
    (
        "Sumur bor bantuan provinsi macet pompanya; jerigen antre dari subuh, harga air tangki naik dua kali. Panitia "
        "masjid membagi jadwal mandi jenazah dengan ember pinjaman dari kampung sebelah."
    ),
    (
        "Kandang sapi komunal membuang kotoran ke embung, ikan nila mengapung dan baunya sampai balai desa. Mahasiswa "
        "KKN membuat petisi, ditandatangani dua ratus keluarga, belum dibalas camat."
    ),
    (
        "Papan nama jalan dan rambu tikungan hilang dicuri, truk pasir dua kali masuk parit. Bengkel las di ujung desa "
        "bersedia membuatkan gratis asal ada surat tugas dari dinas perhubungan."
    ),
)
"""No two of them are about one matter."""
_GRID: Final = 12
_APART: Final = 0.0025
"""Degrees, some 280 m: what is so far apart is not one matter either, so each complaint stays a case of its own."""
_numbers = count()


def next_complaint(*, mail: bool) -> dict[str, Any]:
    """The body of another POST; with mail its reporter has an address that no other complaint has."""
    return draw_complaint(mail=mail)[0]


def draw_complaint(*, mail: bool) -> tuple[dict[str, Any], str]:
    """As `next_complaint`, with the agency that gets it."""
    number = next(_numbers)
    agency, kind = _KINDS[number % len(_KINDS)]
    regency, place = _PLACES[number % len(_PLACES)]
    reporter = {"name": "Sitti Aminah", "email": f"sitti{number}@mail.example", "phone": "+6281234567890"}
    body = {
        **kind,
        "text": _TEXTS[number // (_GRID * _GRID * len(_PLACES) * 2) % len(_TEXTS)],
        "location": {**_spread(place, number // (len(_PLACES) * 2)), "address": "Depan pasar, sebelah timur jembatan"},
        **({"reporter": reporter} if mail else {"anonymous": True}),
    }
    return body, agency.format(regency)


def _spread(place: dict[str, Any], number: int) -> dict[str, Any]:
    """A point of a grid around the place."""
    row, column = divmod(number % (_GRID * _GRID), _GRID)
    north, east = ((step - _GRID / 2) * _APART for step in (row, column))
    return {"latitude": round(place["latitude"] + north, 5), "longitude": round(place["longitude"] + east, 5)}
