"""Problems of the API in Indonesian. What stands nowhere here stays in English."""

from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "Not Found": "Tidak ditemukan",
    "Method Not Allowed": "Cara ini tidak tersedia di alamat ini",
    "No such case": "Aduan tidak ditemukan",
    "No public case has this ticket, or it has not arrived yet.": (
        "Tidak ada aduan publik dengan nomor ini, atau aduannya belum sampai di sini."
    ),
    "It has not arrived yet, please try again soon.": "Aduan belum sampai di sini; silakan coba lagi sebentar lagi.",
    "No such agency": "Instansi tidak ditemukan",
    "The directory has no agency of this id.": "Tidak ada instansi dengan kode ini.",
    "Some fields are not right": "Ada isian yang belum benar",
    "The tracking code does not fit": "Kode pelacakan tidak cocok",
    "Compare it with the one on your receipt.": "Cocokkan dengan kode pada tanda terima Anda.",
    "Too many wrong codes": "Terlalu banyak kode yang salah",
    "Not available now": "Sedang tidak tersedia",
    "The database does not answer. Nothing is lost; try again.": (
        "Basis data tidak menjawab. Tidak ada yang hilang; silakan coba lagi."
    ),
    "Many files are being printed.": "Banyak berkas sedang dicetak.",
    "No such file": "Berkas tidak ditemukan",
    "Many files are being fetched.": "Banyak berkas sedang diambil.",
    "The file for the Ombudsman is not offered yet": "Berkas untuk Ombudsman belum ditawarkan",
    "Something went wrong here, not with your request": "Ada kesalahan di pihak kami, bukan pada permintaan Anda",
    "is before `from`": "mendahului `from`",
    "is not a region of NTB": "bukan wilayah NTB",
    "is not an agency": "bukan instansi yang dikenal",
    "is not a category": "bukan kategori yang dikenal",
    "is not a figure that is defined": "bukan angka yang ada definisinya",
    "needs an agency, or a period of at most a month": "perlu instansi, atau kurun paling lama sebulan",
    "counts too many cases; ask for a shorter period, a region or a category": (
        "menghitung terlalu banyak aduan; mintalah kurun yang lebih pendek, satu wilayah, atau satu kategori"
    ),
    "day needs `from` and `to`, at most 366 days apart": "day perlu `from` dan `to`, paling jauh 366 hari",
    "holds no ticket and no word that tells cases apart": "tidak memuat nomor aduan atau kata yang membedakan aduan",
    "is not a cursor of this list; take it from `next`": "bukan penanda daftar ini; ambil dari `next`",
    "a ticket looks like NTB-XXXX-XXXX-XXXX-XX": "nomor aduan berbentuk NTB-XXXX-XXXX-XXXX-XX",
    "the ticket's check character does not fit: please compare it again": (
        "huruf pemeriksa nomor aduan tidak cocok: silakan cocokkan lagi"
    ),
    "Extra inputs are not permitted": "tidak dikenal di alamat ini",
    "Field required": "wajib diisi",
}


def in_indonesian(problem: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: _said(problem[name]) for name in ("title", "detail") if name in problem}
    if "errors" in problem:
        errors = [error | {"detail": _said(error["detail"])} for error in problem["errors"]]
        said |= {"errors": errors, "detail": "; ".join(f"{each['field']}: {each['detail']}" for each in errors)}
    return dict(problem) | said


def _said(words: str) -> str:
    return _WORDS.get(words, words)
