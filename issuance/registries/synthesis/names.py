"""Names of the invented people: Arabic, and one English transliteration of each.

The transliteration is a table, not a rule: vowels are not written in Arabic, and the
same name must come out the same on every document. Every letter is one that
windows-1256 holds, as the seal code wants.
"""

from typing import TypeAlias

Name: TypeAlias = tuple[str, str]
"""Arabic, English."""


def _table(text: str) -> tuple[Name, ...]:
    pairs = (entry.split("/") for entry in text.replace("\n", " ").split(","))
    return tuple((arabic.strip(), english.strip()) for arabic, english in pairs)


MALE = _table("""
    محمد/Mohammad, أحمد/Ahmad, محمود/Mahmoud, علي/Ali, حسن/Hasan, حسين/Hussein, عمر/Omar, خالد/Khaled,
    يوسف/Yousef, إبراهيم/Ibrahim, مصطفى/Mustafa, عبد الله/Abdullah, عبد الرحمن/Abdulrahman, بلال/Bilal,
    سامر/Samer, ماهر/Maher, ياسر/Yaser, زياد/Ziad, فادي/Fadi, رامي/Rami, سامي/Sami, وسيم/Wasim, باسل/Basel,
    أيمن/Ayman, غسان/Ghassan, نضال/Nidal, جمال/Jamal, كمال/Kamal, عماد/Imad, نبيل/Nabil, سليم/Salim,
    فيصل/Faisal, طارق/Tareq, هاني/Hani, أنس/Anas, معاذ/Muath, حمزة/Hamza, عدنان/Adnan, مروان/Marwan,
    مازن/Mazen, بشير/Bashir, منير/Munir, سمير/Samir, رياض/Riyad, وليد/Walid, هيثم/Haitham, قصي/Qusai,
    عدي/Uday, ليث/Laith, كريم/Karim, جورج/George, إلياس/Elias, ميشيل/Michel, جوزيف/Joseph, سعيد/Saeed,
    رشيد/Rashid, صالح/Saleh, حازم/Hazem, فراس/Firas, ثائر/Thaer, أسامة/Osama, مهند/Muhannad, يحيى/Yahya,
    زكريا/Zakaria, إسماعيل/Ismail, داود/Dawoud, سليمان/Suleiman, موسى/Mousa, عيسى/Issa, آدم/Adam,
    تيم/Taim, ورد/Ward, جاد/Jad, كنان/Kinan, غيث/Ghaith, شادي/Shadi, نزار/Nizar, بسام/Bassam, عصام/Issam,
    حسام/Husam, صفوان/Safwan, لؤي/Louay, مأمون/Mamoun, رائد/Raed, وائل/Wael, نائل/Nael, آرام/Aram,
    دلوفان/Dilovan, روجيه/Roger, عبد القادر/Abdulqader, عبد الكريم/Abdulkarim, نور الدين/Noureddin
""")

FEMALE = _table("""
    فاطمة/Fatima, مريم/Maryam, عائشة/Aisha, خديجة/Khadija, زينب/Zainab, أمينة/Amina, سعاد/Suad, هدى/Huda,
    سميرة/Samira, نجاح/Najah, منى/Mona, رنا/Rana, ريم/Reem, لينا/Lina, سلمى/Salma, نور/Nour, هبة/Hiba,
    آلاء/Alaa, إسراء/Israa, دعاء/Duaa, ولاء/Walaa, رهف/Rahaf, غزل/Ghazal, لانا/Lana, جنى/Jana, تالا/Tala,
    ليان/Layan, شهد/Shahd, بتول/Batoul, زهراء/Zahraa, سارة/Sara, ديما/Dima, رشا/Rasha, سوسن/Sawsan,
    هالة/Hala, مها/Maha, عبير/Abeer, غادة/Ghada, سناء/Sanaa, وفاء/Wafaa, نهى/Nuha, رغد/Raghad,
    يارا/Yara, مايا/Maya, جوليا/Julia, ماري/Mary, تيريز/Therese, جميلة/Jamila, حليمة/Halima, نعيمة/Naima,
    كوثر/Kawthar, صباح/Sabah, إيمان/Iman, أماني/Amani, نسرين/Nisreen, ياسمين/Yasmin, روعة/Rawaa,
    عفاف/Afaf, رجاء/Rajaa, سحر/Sahar, ندى/Nada, لمى/Lama, ميساء/Maysaa, هيفاء/Haifaa, سلوى/Salwa,
    نوال/Nawal, فريال/Feryal, ابتسام/Ibtisam, انتصار/Intisar, بشرى/Bushra, حنان/Hanan, دلال/Dalal,
    رباب/Rabab, رويدة/Ruwaida, سمر/Samar, شيرين/Shirin, صفاء/Safaa, عهد/Ahed, قمر/Qamar, كندة/Kinda,
    لمياء/Lamia, مياسة/Mayasa, نيرمين/Nermin, هناء/Hanaa, وداد/Widad, سيماف/Simav, روكسان/Roxane,
    رؤى/Ruaa, أسماء/Asmaa, حلا/Hela, سدرة/Sidra, ميار/Mayar, هيا/Haya, بيان/Bayan
""")

FAMILIES = _table("""
    الحسن/Al-Hasan, الأحمد/Al-Ahmad, المحمد/Al-Mohammad, العلي/Al-Ali, الخطيب/Al-Khatib, الشامي/Al-Shami,
    الحلبي/Al-Halabi, الحمصي/Al-Homsi, الحموي/Al-Hamwi, الديري/Al-Deiri, الحوراني/Al-Hourani,
    النجار/Al-Najjar, الحداد/Al-Haddad, الخياط/Al-Khayyat, الصباغ/Al-Sabbagh, العطار/Al-Attar,
    الحلاق/Al-Hallaq, القصاب/Al-Qassab, الخباز/Al-Khabbaz, الدباغ/Al-Dabbagh, الصائغ/Al-Saegh,
    النحاس/Al-Nahhas, السراج/Al-Sarraj, البيطار/Al-Bitar, الطحان/Al-Tahhan, اللحام/Al-Lahham,
    السمان/Al-Samman, الزيات/Al-Zayyat, الحكيم/Al-Hakim, القاضي/Al-Qadi, الشيخ/Al-Sheikh, المصري/Al-Masri,
    العاني/Al-Ani, الموصلي/Al-Mosuli, البغدادي/Al-Baghdadi, التركماني/Al-Turkmani, الكردي/Al-Kurdi,
    الشركسي/Al-Sharkasi, المغربي/Al-Maghribi, الجزائري/Al-Jazairi, درويش/Darwish, منصور/Mansour,
    سلمان/Salman, حمدان/Hamdan, سعد/Saad, عيد/Eid, خليل/Khalil, يونس/Younes, شاهين/Shahin, صقر/Saqr,
    ديب/Deeb, غانم/Ghanem, فارس/Fares, نصر/Nasr, بركات/Barakat, عثمان/Othman, عباس/Abbas, حيدر/Haidar,
    إسبر/Esber, خوري/Khoury, حنا/Hanna, سمعان/Semaan, نعمة/Nehme, عطية/Atiyeh, جبور/Jabbour, شحادة/Shehadeh,
    مرعي/Marai, عرفة/Arafa, زيدان/Zeidan, رمضان/Ramadan, شعبان/Shaaban, رجب/Rajab, الجاسم/Al-Jasem,
    العبود/Al-Abboud, الحاج/Al-Haj, الفارس/Al-Fares, السعيد/Al-Saeed, العمر/Al-Omar, الخلف/Al-Khalaf,
    الصالح/Al-Saleh, الإبراهيم/Al-Ibrahim, الموسى/Al-Mousa, العيسى/Al-Issa, اليوسف/Al-Yousef,
    الرفاعي/Al-Rifai, الكيلاني/Al-Kilani, الجندي/Al-Jundi, السباعي/Al-Sibai,
    الدروبي/Al-Droubi, المؤيد/Al-Muayyad, الأيوبي/Al-Ayyoubi,
    أبو عساف/Abu Assaf, أبو فخر/Abu Fakhr, عزام/Azzam, الشوفي/Al-Shoufi,
    المقداد/Al-Miqdad, الزعبي/Al-Zoubi, المحاميد/Al-Mahamid, أبازيد/Abazeid, الحريري/Al-Hariri,
    الفاعوري/Al-Faouri, صارم/Sarem, حرفوش/Harfoush,
    عمران/Omran, بدور/Baddour, ميهوب/Mayhoub, رستم/Rustom, إبراهيم باشا/Ibrahim Pasha, شيخو/Sheikho,
    عثمانو/Othmano, بوظو/Bozo, آغا/Agha, الملا/Al-Mulla, العجيلي/Al-Ojaili, الهويدي/Al-Huwaidi,
    البشير/Al-Bashir, الهفل/Al-Hifl, الفياض/Al-Fayyad, النجرس/Al-Najras, العبد الله/Al-Abdullah,
    شمدين/Shamdin, خلو/Khallo, صبري/Sabri, فرحات/Farhat, قدور/Qaddour, معروف/Maarouf, نجيب/Najib,
    هلال/Hilal, وهبة/Wehbeh, ياغي/Yaghi, سويدان/Suwaidan, طعمة/Tohme, عبود/Abboud, غزال/Ghazal,
    قطيش/Qutaish, كنعان/Kanaan, لطفي/Lutfi, مسعود/Masoud, نادر/Nader
""")
