"""What can go wrong with bundles and stores: a stable code, and a sentence for people.

TrustError
└── BundleError     one class; `problem` tells which of the table below
"""

from dataclasses import dataclass
from enum import StrEnum

from verify.trust import TrustError


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same said twice."""

    ar: str
    en: str


class BundleProblem(StrEnum):
    """Why a bundle was not taken in, or a store cannot be used."""

    NO_BUNDLE = "bundle-not-there"
    UNREADABLE = "bundle-unreadable"
    NOT_BELIEVED = "bundle-not-believed"
    ROLLED_BACK = "bundle-rolled-back"
    FROM_THE_FUTURE = "bundle-from-the-future"
    INCOMPLETE = "bundle-incomplete"
    PLACE_UNAVAILABLE = "place-unavailable"
    ROOT_NEEDED = "root-needed"
    ANOTHER_ROOT = "another-root"
    NO_STORE = "no-trust-store"
    STORE_DAMAGED = "trust-store-damaged"
    STORE_UNWRITABLE = "trust-store-unwritable"


SENTENCES = {
    BundleProblem.NO_BUNDLE: Sentence(
        "لا توجد حزمة ثقة في هذا الموضع.",
        "There is no trust bundle in this place.",
    ),
    BundleProblem.UNREADABLE: Sentence(
        "الملف الموجود في هذا الموضع ليس حزمة ثقة سليمة.",
        "What lies in this place is not a sound trust bundle.",
    ),
    BundleProblem.NOT_BELIEVED: Sentence(
        "لم توقّع الجهة الموثوقة على هذه الحزمة، فلم يؤخذ منها شيء.",
        "The authority you trust has not signed this bundle; nothing was taken from it.",
    ),
    BundleProblem.ROLLED_BACK: Sentence(
        "هذه الحزمة أقدم مما لديك، فلم يؤخذ منها شيء.",
        "This bundle is older than what you have; nothing was taken from it.",
    ),
    BundleProblem.FROM_THE_FUTURE: Sentence(
        "تاريخ هذه الحزمة لم يأت بعد. تحقق من ساعة هذا الجهاز.",
        "This bundle is dated in the future. Check the clock of this computer.",
    ),
    BundleProblem.INCOMPLETE: Sentence(
        "الحزمة ناقصة، أو تغيّر فيها ملف، فلم يؤخذ منها شيء. أعد المحاولة أو احصل على نسخة جديدة.",
        "The bundle lacks a file, or a file in it was changed; nothing was taken from it. "
        "Try again, or get a new copy.",
    ),
    BundleProblem.PLACE_UNAVAILABLE: Sentence(
        "تعذّرت القراءة من هذا الموضع. ما لديك من قبل باق كما هو.",
        "This place could not be read. What you had before is unchanged.",
    ),
    BundleProblem.ROOT_NEEDED: Sentence(
        "هذا أول استعمال: اذكر شهادة الجذر أو بصمتها كما أعلنتها الجهة الموثوقة.",
        "This is the first use: name the root certificate, or its fingerprint as the authority published it.",
    ),
    BundleProblem.ANOTHER_ROOT: Sentence(
        "هذه حزمة جذر آخر غير الذي تثق به. لكل جذر مخزن خاص به.",
        "This belongs to another root than the one you trust. Each root has a store of its own.",
    ),
    BundleProblem.NO_STORE: Sentence(
        "لا يوجد مخزن ثقة هنا بعد. أنشئه أولاً بأمر التحديث.",
        "There is no trust store here yet. Make one first, by updating it.",
    ),
    BundleProblem.STORE_DAMAGED: Sentence(
        "مخزن الثقة تالف، ولا يُعتمد عليه. حدّثه، فإن بقي تالفاً فاحذفه وأنشئه من جديد.",
        "The trust store is damaged and is not relied on. "
        "Update it; if it stays damaged, delete it and set it up anew.",
    ),
    BundleProblem.STORE_UNWRITABLE: Sentence(
        "تعذّرت الكتابة على القرص. ما لديك من قبل باق كما هو.",
        "The disk could not be written. What you had before is unchanged.",
    ),
}


class BundleError(TrustError):
    """A bundle or a store that cannot be used; `artefact` is where it lies, or which of its files it is."""

    def __init__(self, problem: BundleProblem, artefact: str) -> None:
        super().__init__(artefact, SENTENCES[problem].en)
        self.problem = problem

    @property
    def code(self) -> str:
        """Stable, for programs."""
        return self.problem.value

    @property
    def ar(self) -> str:
        """What happened, in Arabic."""
        return SENTENCES[self.problem].ar

    @property
    def en(self) -> str:
        """What happened, in English."""
        return SENTENCES[self.problem].en
