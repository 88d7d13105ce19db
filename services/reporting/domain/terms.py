"""What codes are called, in Indonesian and in English."""

from collections.abc import Mapping
from typing import Final

from shared.events.directory import Label
from shared.events.event import Language

Term = tuple[str, str]
Terms = Mapping[str, Term]
"""By code."""

STATUSES: Final[Terms] = {
    "received": ("diterima", "received"),
    "in_triage": ("diverifikasi", "being verified"),
    "assigned": ("diteruskan", "passed on"),
    "accepted": ("diterima instansi", "accepted by the agency"),
    "in_progress": ("ditindaklanjuti", "being worked on"),
    "awaiting_reporter": ("menunggu pelapor", "waiting for the reporter"),
    "resolved": ("selesai", "resolved"),
    "closed": ("ditutup", "closed"),
    "rejected": ("ditolak", "rejected"),
    "withdrawn": ("dicabut", "withdrawn"),
}
URGENCIES: Final[Terms] = {
    "urgent": ("mendesak", "urgent"),
    "important": ("penting", "important"),
    "ordinary": ("biasa", "ordinary"),
}
PROMISES: Final[Terms] = {
    "response": ("jawaban pertama kepada pelapor", "first answer to the reporter"),
    "verification": ("verifikasi", "verification"),
    "first_follow_up": ("tindak lanjut pertama", "first follow-up"),
    "resolution": ("penyelesaian", "resolution"),
}
OUTCOMES: Final[Terms] = {
    "kept": ("dipenuhi tepat waktu", "kept"),
    "late": ("dilanggar: dipenuhi terlambat", "broken: met too late"),
    "broken": ("dilanggar: tidak dipenuhi", "broken: not met"),
    "ended": ("gugur karena aduan berakhir", "void, as the case ended first"),
    "paused": ("berhenti sementara, menunggu pelapor", "paused, waiting for the reporter"),
    "open": ("masih berjalan", "still running"),
}
LEVELS: Final[Terms] = {
    "agency_head": ("pimpinan instansi", "the head of the agency"),
    "coordinator": ("koordinator", "the coordinator"),
    "sekda": ("Sekretaris Daerah", "the provincial secretary"),
    "governor": ("Gubernur", "the governor"),
    "ombudsman": ("pelapor, dengan berkas untuk Ombudsman", "the reporter, with the file for the Ombudsman"),
}
ROLES: Final[Terms] = {
    "rule": ("aturan penerusan", "routing rule"),
    "clock": ("jam layanan", "service clock"),
    "reporter": ("pelapor", "reporter"),
    "officer": ("petugas", "officer"),
    "agency_head": ("pimpinan", "head"),
    "coordinator": ("koordinator", "coordinator"),
}
RULES: Final[Terms] = {
    "coordinator": ("keputusan koordinator", "the coordinator's decision"),
    "override": ("perubahan oleh koordinator", "a change by the coordinator"),
    "returned": ("saran instansi yang mengembalikan", "what the agency that returned it suggested"),
    "successor": ("pengalihan kepada instansi penerus", "hand-over to the agency that took over"),
}
TRIAGE_REASONS: Final[Terms] = {
    "no_rule": ("belum ada aturan yang menentukan instansinya", "no rule names an agency for it"),
    "region_unknown": ("wilayahnya belum diketahui", "its region is not known"),
    "no_agency": ("tidak ada instansi yang berlaku pada hari itu", "no agency was valid on that day"),
    "conflict_of_interest": (
        "instansi yang seharusnya menangani adalah pihak yang diadukan",
        "the agency that would get it is the one complained about",
    ),
    "unknown_category": ("kategorinya tidak dikenal", "its category is not known"),
    "returned": (
        "dikembalikan instansi tanpa saran instansi lain",
        "an agency returned it and suggested no other",
    ),
    "returned_thrice": (
        "instansi-instansi tidak sepakat, sehingga keputusan koordinator mengikat",
        "agencies do not agree, so the coordinator's decision binds",
    ),
}
RETURN_REASONS: Final[Terms] = {
    "not_our_task": ("bukan tugas instansi tersebut", "it is not the agency's task"),
    "other_region": ("wilayahnya berbeda", "it lies in another region"),
    "other_level": ("kewenangan tingkat pemerintahan lain", "another level of government is responsible"),
    "conflict_of_interest": ("ada benturan kepentingan", "there is a conflict of interest"),
}
REJECTION_REASONS: Final[Terms] = {
    "no_complaint": ("tidak berisi aduan tentang layanan publik", "it holds no complaint about a public service"),
    "not_government": ("tidak ada badan publik yang berwenang", "no public body is responsible"),
    "in_court": ("sedang ditangani pengadilan atau Ombudsman", "a court or the Ombudsman has it"),
    "incomplete": (
        "keterangannya tetap tidak cukup setelah ditanyakan",
        "it can't be acted on, although the reporter was asked",
    ),
    "settled": ("sudah pernah dijawab dan tidak ada hal baru", "it was answered before and nothing is new"),
    "abuse": ("penyalahgunaan layanan", "abuse of the service"),
}
FOLLOW_UPS: Final[Terms] = {
    "supplement": ("tambahan keterangan", "addition"),
    "answer": ("jawaban", "answer"),
    "confirm": ("konfirmasi penyelesaian", "confirmation"),
    "dispute": ("sanggahan", "dispute"),
    "withdraw": ("pencabutan", "withdrawal"),
    "change_contact": ("perubahan kontak", "change of contact"),
}
WRITINGS: Final[Terms] = {
    "submission": ("Isi aduan", "The complaint"),
    "complaint.supplemented.v1": ("Tambahan keterangan", "Addition"),
    "question.answered.v1": ("Jawaban atas pertanyaan", "Answer to a question"),
    "resolution.confirmed.v1": ("Konfirmasi penyelesaian", "Confirmation"),
    "resolution.disputed.v1": ("Sanggahan atas penyelesaian", "Dispute of the resolution"),
    "complaint.withdrawn.v1": ("Pencabutan aduan", "Withdrawal"),
    "contact.changed.v1": ("Perubahan kontak", "Change of contact"),
    "other": ("Tulisan lain dari pelapor", "Something else that the reporter wrote"),
}
NOTICES: Final[Terms] = {
    "received": ("aduan diterima", "complaint received"),
    "assigned": ("aduan diteruskan", "complaint passed on"),
    "progress": ("perkembangan penanganan", "progress"),
    "question": ("pertanyaan kepada pelapor", "question to the reporter"),
    "resolved": ("aduan selesai ditangani", "complaint resolved"),
    "rejected": ("aduan ditolak", "complaint rejected"),
    "reopened": ("aduan dibuka kembali", "complaint opened again"),
    "closed": ("aduan ditutup", "complaint closed"),
    "linked": ("aduan digabungkan", "complaint linked to another"),
    "withdrawn": ("aduan dicabut", "complaint withdrawn"),
    "refused": ("permintaan tidak dapat dipenuhi", "what was asked for is not possible"),
    "escalated": ("keterlambatan diteruskan ke atasan", "delay passed on to those above"),
    "ombudsman": ("berkas untuk Ombudsman ditawarkan", "file for the Ombudsman offered"),
    "new_case": ("aduan baru untuk instansi", "new case for the agency"),
    "moved_on": ("aduan berpindah instansi", "case moved to another agency"),
    "your_case": ("aduan ditugaskan kepada petugas", "case given to an officer"),
    "answered": ("pelapor menjawab", "the reporter answered"),
    "disputed": ("penyelesaian disanggah", "resolution disputed"),
    "taken_back": ("pelapor mencabut aduan", "the reporter withdrew"),
    "ended": ("aduan ditutup", "case closed"),
    "overdue": ("tenggat terlewati", "promise broken"),
    "to_decide": ("perlu diverifikasi", "to be triaged"),
    "escalation": ("eskalasi keterlambatan", "escalation of a broken promise"),
    "followed": ("kabar bagi yang mengikuti", "news for those who follow"),
    "event": ("peristiwa untuk sistem instansi", "event for an agency's own system"),
    "confirmation": ("permintaan konfirmasi", "request to confirm"),
    "webhook_off": ("sistem instansi tidak lagi dihubungi", "agency's own system is called no more"),
}
RECIPIENTS: Final[Terms] = {
    "reporter": ("pelapor", "reporter"),
    "agency": ("instansi", "agency"),
    "former_agency": ("instansi sebelumnya", "former agency"),
    "officer": ("petugas", "officer"),
    "coordinator": ("koordinator", "coordinator"),
    "agency_head": ("kepala instansi", "head of the agency"),
    "sekda": ("Sekretaris Daerah", "provincial secretary"),
    "governor": ("Gubernur", "governor"),
    "follower": ("yang mengikuti", "follower"),
    "system": ("sistem instansi", "agency's own system"),
}
CHANNELS: Final[Terms] = {
    "email": ("surel", "e-mail"),
    "sms": ("SMS", "text message"),
    "whatsapp": ("WhatsApp", "WhatsApp"),
    "webhook": ("webhook", "webhook"),
}
DELIVERIES: Final[Terms] = {
    "notice.sent.v1": ("terkirim", "sent"),
    "notice.delivered.v1": ("sampai di penerima", "delivered"),
    "notice.failed.v1": ("gagal terkirim", "not delivered"),
    "notice.suppressed.v1": ("tidak dikirim", "not sent"),
}
NOTICE_REASONS: Final[Terms] = {
    "old": ("peristiwanya sudah lama berlalu", "what it tells of is long past"),
    "historical": ("aduan dicatat kemudian", "the complaint was entered afterwards"),
    "receipt_limit": ("batas jumlah tanda terima tercapai", "the limit of receipts was reached"),
    "erased": ("alamatnya sudah dihapus", "the address was erased"),
    "no_address": ("tidak ada alamat", "there is no address"),
    "opted_out": ("penerima tidak menghendakinya", "the recipient opted out"),
    "conflict_of_interest": ("ada benturan kepentingan", "there is a conflict of interest"),
}


def named(terms: Terms, code: str, language: Language) -> str:
    """The code itself where a newer replica says what is not known here."""
    term = terms.get(code)
    return code if term is None else in_language(term, language)


def in_language(term: Term, language: Language) -> str:
    return term[language is Language.ENGLISH]


def label_of(terms: Terms, code: str) -> Label:
    """In both languages; the code itself where it is not known."""
    indonesian, english = terms.get(code, (code, code))
    return Label(id=indonesian, en=english)
