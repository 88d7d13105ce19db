"""What happened in a case, in plain words: every type of event has a sentence in Indonesian and in English.

A sentence has clauses; one that names a value which the event does not have is left out. Where `type:reason` or
`type:level` is there, it is the sentence.
"""

from collections.abc import Mapping
from typing import Final

from services.reporting.domain.terms import Term

SENTENCES: Final[Mapping[str, tuple[Term, ...]]] = {
    "case.opened.v1": (
        ("Aduan diterima dan tenggatnya mulai berjalan.", "The complaint was received and its clocks began to run."),
    ),
    "case.triaged.v1": (
        ("{coordinator} memverifikasi aduan, karena {reason}.", "{coordinator} verifies it, because {reason}."),
    ),
    "case.assigned.v1": (
        ("Aduan diteruskan kepada {agency}.", "The complaint was passed on to {agency}."),
        ("Dasarnya: {rule}.", "Decided by: {rule}."),
    ),
    "case.officer_assigned.v1": (("{by} menunjuk petugasnya.", "{by} named an officer for it."),),
    "case.accepted.v1": (("{by} menyatakan berwenang menangani aduan.", "{by} said that it is responsible."),),
    "case.returned.v1": (
        ("{by} mengembalikan aduan, karena {reason}.", "{by} returned it, because {reason}."),
        ("Instansi yang disarankan: {suggested}.", "It suggested {suggested}."),
    ),
    "case.forwarded.v1": (("{by} meneruskan aduan kepada {agency}.", "{by} handed it on to {agency}."),),
    "case.reclassified.v1": (
        (
            "Kategori diubah; semula {from_category}, {from_urgency}.",
            "The category was changed from {from_category}, {from_urgency}.",
        ),
        ("Tenggat yang berubah: {moved}.", "Due times that changed: {moved}."),
    ),
    "case.restricted.v1": (
        (
            "Identitas pelapor atau isi aduan dirahasiakan.",
            "The reporter's identity or the content was made confidential.",
        ),
    ),
    "case.processing_restricted.v1": (
        ("Pelapor mengatur pemrosesan data pribadinya.", "The reporter decided on the use of their personal data."),
    ),
    "case.processing_restricted.v1:asked": (
        (
            "Pelapor membatasi pemrosesan data pribadinya.",
            "The reporter restricted the processing of their personal data.",
        ),
    ),
    "case.processing_restricted.v1:taken_back": (
        (
            "Pelapor mengizinkan lagi pemrosesan data pribadinya.",
            "The reporter allowed the processing of their personal data again.",
        ),
    ),
    "case.progressed.v1": (("{by} menyampaikan tindak lanjut.", "{by} told of progress."),),
    "case.information_requested.v1": (
        (
            "{by} bertanya kepada pelapor; tenggat penanganan berhenti sementara.",
            "{by} asked the reporter; the clocks of handling paused.",
        ),
    ),
    "case.resumed.v1": (("Pelapor menjawab; penanganan dilanjutkan.", "The reporter answered; work goes on."),),
    "case.resolved.v1": (
        ("{by} menyatakan aduan selesai ditangani.", "{by} said that it is resolved."),
        ("Jumlah foto bukti: {photos}.", "Photos as evidence: {photos}."),
    ),
    "case.reopened.v1": (("Penanganan dibuka kembali.", "Work was taken up again."),),
    "case.reopened.v1:disputed": (
        (
            "Pelapor menyanggah penyelesaian; penanganan dibuka kembali.",
            "The reporter disputed the resolution; work was taken up again.",
        ),
    ),
    "case.reopened.v1:overridden": (
        ("Koordinator membuka kembali penanganan.", "The coordinator had work taken up again."),
    ),
    "case.closed.v1": (("Aduan ditutup.", "The case was closed."),),
    "case.closed.v1:confirmed": (
        (
            "Pelapor membenarkan penyelesaian; aduan ditutup.",
            "The reporter confirmed the resolution; the case was closed.",
        ),
        ("Penilaian pelapor: {rating} dari 5.", "The reporter's rating: {rating} of 5."),
    ),
    "case.closed.v1:silence": (
        (
            "Aduan ditutup karena pelapor tidak menanggapi penyelesaian.",
            "The case was closed, as the reporter did not respond to the resolution.",
        ),
    ),
    "case.closed.v1:upheld": (
        (
            "Koordinator membenarkan penyelesaian yang disanggah; aduan ditutup.",
            "The coordinator upheld the disputed resolution; the case was closed.",
        ),
    ),
    "case.rejected.v1": (("Aduan ditolak, karena {reason}.", "The complaint was rejected, because {reason}."),),
    "case.withdrawn.v1": (("Pelapor mencabut aduan.", "The reporter withdrew the complaint."),),
    "case.published.v1": (("Ringkasan aduan diumumkan.", "A summary was published."),),
    "case.unpublished.v1": (("Ringkasan aduan tidak lagi diumumkan.", "The summary is no longer public."),),
    "case.linked.v1": (
        (
            "Aduan digabungkan dengan {linked_to} tentang hal yang sama.",
            "The case was joined with {linked_to}, about the same matter.",
        ),
    ),
    "case.concluded.v1:resolved": (
        (
            "Aduan {linked_to} tentang hal yang sama dinyatakan selesai ditangani.",
            "Complaint {linked_to}, about the same matter, was said to be resolved.",
        ),
    ),
    "case.concluded.v1:closed": (
        (
            "Aduan {linked_to} tentang hal yang sama ditutup.",
            "Complaint {linked_to}, about the same matter, was closed.",
        ),
    ),
    "case.concluded.v1:rejected": (
        (
            "Aduan {linked_to} tentang hal yang sama ditolak.",
            "Complaint {linked_to}, about the same matter, was rejected.",
        ),
        ("Alasannya: {reason}.", "The reason: {reason}."),
    ),
    "case.concluded.v1": (
        (
            "Penanganan aduan {linked_to} tentang hal yang sama berakhir.",
            "Work on complaint {linked_to}, about the same matter, came to its end.",
        ),
    ),
    "case.unlinked.v1": (("Aduan dipisahkan lagi dari {linked_to}.", "The case was parted from {linked_to} again."),),
    "case.split.v1": (
        ("{by} membagi penanganan dengan instansi lain: bagian {parts}.", "{by} gave others parts of it: {parts}."),
    ),
    "follow_up.refused.v1": (
        (
            "Permintaan pelapor ({follow_up}) tidak dapat diproses saat itu.",
            "What the reporter wanted ({follow_up}) was not possible then.",
        ),
        ("Yang dapat dilakukan: {allowed}.", "What was possible: {allowed}."),
    ),
    "promise.breached.v1": (
        (
            "Tenggat {promise} dilanggar; batas waktunya {due_at}.",
            "The promise of {promise} was broken; it was due {due_at}.",
        ),
        ("Saat itu aduan berada di {holder}.", "{holder} had the case then."),
    ),
    "case.escalated.v1:ombudsman": (
        (
            "Eskalasi langkah {step}: karena tenggat {promise} dilanggar, pelapor ditawari berkas ini.",
            "Escalation, step {step}: as the promise of {promise} is broken, the reporter is offered this file.",
        ),
        ("Saat itu aduan berada di {holder}.", "{holder} had the case then."),
    ),
    "case.escalated.v1": (
        (
            "Eskalasi langkah {step}: pelanggaran tenggat {promise} disampaikan kepada {level}.",
            "Escalation, step {step}: {level} was told that the promise of {promise} is broken.",
        ),
        ("Saat itu aduan berada di {holder}.", "{holder} had the case then."),
    ),
}
