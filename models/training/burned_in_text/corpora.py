"""Words of the pictures: names, places and headings of several languages; none is of a person."""

import random

LANG_DEV = {
    "latin": "Smith Johnson MILLER Garcia Müller Schröder Weiß Dubois Lefèvre Jérôme Núñez Peña Rossi Bianchi Andersson Åkerlund Sørensen Hansen PATIENT NAME Hospital General St.Mary's Clinic Universitätsklinikum Heidelberg Hôpital Charité Dr.House RADIOLOGY Chest PA AP LAT SUPINE PORTABLE ERECT Thorax Accession Station Referring DOB Born MALE FEMALE kVp mAs Series Image Left Right Wilson,Emma DOE^JOHN O'Brien MRN Birth Institution Department Ward Abdomen Lopez Martínez Kowalski Jensen".split(),
    "cyrillic": "Иванов Петрова Сергей Александр Больница Клиника Рентген Москва Пациент Дата Рождения Кузнецов Смирнова Фёдоров Щербаков Отделение грудная клетка Городская Новосибирск".split(),
    "greek": "Παπαδόπουλος Γεώργιος Νοσοκομείο Αθήνα Ασθενής Ημερομηνία Ευαγγελισμός Μαρία Δημήτριος Κλινική Θεσσαλονίκη".split(),
    "han": "王小明 李伟 张丽华 北京协和医院 患者姓名 出生日期 上海 陈 刘德 放射科 影像号 检查 男 女 第一人民医院 胸部正位 赵敏".split(),
    "kana": "山田太郎 さとう ヤマダタロウ 患者氏名 東京大学病院 すずき クリニック 生年月日 中央病院 タナカ 田中花子 撮影日".split(),
    "arabic": "محمد أحمد فاطمة مستشفى المريض تاريخ الميلاد عبدالله القاهرة علي حسن الأشعة مركز".split(),
    "hindi": "राम कुमार अस्पताल रोगी दिल्ली सुनीता शर्मा जन्म तिथि अमित पटेल चिकित्सा केंद्र".split(),
}
LANG_HELD = {
    "latin": "Wójcik Żółtowski Dvořák Novákova Nagy Szabó Yılmaz Öztürk Şahin Nguyễn Văn Hùng Szpital Nemocnice Hastanesi Bệnh viện Baker THOMPSON Nakamura Virtanen Mäkinen Häkkinen Sairaala van der Berg Ziekenhuis Peeters Costa Oliveira João Hospital Câmara CHILDREN'S Memorial Mercy Knee HAND OBL STANDING Exam Physician Operator Admit Visit Tech ROOM Female Male Age Sex Name Ceylan Ødegård Þór".split(),
    "cyrillic": "Шевченко Ткаченко Лікарня Київ Олександра Георгиев Ђорђевић Болница Београд Цветков Юлія Їжакевич Пацієнт Поліклініка Жовтень".split(),
    "greek": "Νικολάου Ελένη Ιατρικό Κέντρο Πάτρα Χριστίνα Κωνσταντίνος Όνομα Ακτινολογία Ηράκλειο".split(),
    "han": "黄志强 吴秀英 周杰 广州军区总医院 病人编号 年龄 医师 中山 林芳 孙 骨科 登记号 腰椎 超声 台大醫院 許雅婷".split(),
    "kana": "鈴木一郎 たかはし ワタナベ ケンジ 京都市立病院 いとう 小林さくら 放射線 ナゴヤ 検査番号".split(),
    "hangul": "김민수 이영희 서울대학교병원 환자 박지훈 생년월일 부산 최은정 영상의학과 정 병원 검사".split(),
    "arabic": "حسين الرياض خالد نورة مجمع الطبي اسم الطبيب زينب تهران رضا بیمارستان".split(),
    "hebrew": "כהן לוי בית חולים ירושלים שם המטופל תאריך לידה דוד רחל הדסה מכון".split(),
    "hindi": "विजय गुप्ता मुंबई क्लिनिक अनीता सिंह परीक्षण नाम आयु लिंग वार्ड".split(),
    "thai": "โรงพยาบาล สมชาย ผู้ป่วย กรุงเทพ วันเกิด ชื่อ".split(),
    "bengali": "হাসপাতাল রোগী ঢাকা রহমান নাম জন্ম".split(),
}


def latin_misc(r):
    k = r.randrange(9)
    d = lambda n: "".join(r.choice("0123456789") for _ in range(n))
    if k == 0:
        return d(r.choice([4, 6, 7, 8, 10]))
    if k == 1:
        return f"{r.randrange(1, 29):02d}/{r.randrange(1, 13):02d}/{r.randrange(1930, 2024)}"
    if k == 2:
        return f"{r.randrange(1930, 2024)}-{r.randrange(1, 13):02d}-{r.randrange(1, 29):02d}"
    if k == 3:
        return f"{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}"
    if k == 4:
        return f"{r.randrange(1, 29):02d}.{r.randrange(1, 13):02d}.{r.randrange(30, 99)}"
    if k == 5:
        return r.choice("ABCHMPRSX") + d(r.choice([5, 6, 8]))
    if k == 6:
        return f"{r.randrange(1, 13)}:{r.randrange(60):02d} {r.choice(['AM', 'PM'])}"
    if k == 7:
        return f"{r.randrange(100)}Y"
    return f"ID:{d(5)}"


def pick_text(r, script, held):
    words = (LANG_HELD if held else LANG_DEV).get(script)
    if script == "latin":
        if r.random() < 0.4:
            return latin_misc(r)
        w = r.choice(words)
        if r.random() < 0.3:
            w = w.upper()
        if r.random() < 0.15:
            w = w + " " + r.choice(words)
        return w
    if script == "lone":
        return r.choice("LRLRLRSMPHAIDUE" if not held else "LRLRLRHFPATBKGJ")
    if script == "pair":
        return "".join(r.choice("ABCDEFGHJKLMNPRSTUVX0123456789") for _ in range(2))
    w = r.choice(words)
    if r.random() < 0.2:
        w += " " + r.choice(words)
    return w
