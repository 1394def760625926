"""Countries by their two letters, their three letters and their names in five languages."""

from __future__ import annotations

import unicodedata
from typing import Final

_TABLE: Final = """
AD AND Andorra|Andorre
AE ARE United Arab Emirates|Verenigde Arabische Emiraten|Vereinigte Arabische Emirate|Émirats arabes unis|Emirati Arabi Uniti|UAE
AF AFG Afghanistan
AG ATG Antigua and Barbuda
AI AIA Anguilla
AL ALB Albania|Albanië|Albanien|Albanie
AM ARM Armenia|Armenië|Armenien|Arménie
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina|Argentinië|Argentinien|Argentine
AS ASM American Samoa
AT AUT Austria|Oostenrijk|Österreich|Oesterreich|Autriche
AU AUS Australia|Australië|Australien|Australie
AW ABW Aruba
AX ALA Åland Islands|Åland
AZ AZE Azerbaijan|Azerbeidzjan|Aserbaidschan|Azerbaïdjan
BA BIH Bosnia and Herzegovina|Bosnië en Herzegovina|Bosnien und Herzegowina|Bosnie-Herzégovine|Bosnia ed Erzegovina
BB BRB Barbados
BD BGD Bangladesh
BE BEL Belgium|België|Belgien|Belgique|Belgio
BF BFA Burkina Faso
BG BGR Bulgaria|Bulgarije|Bulgarien|Bulgarie
BH BHR Bahrain
BI BDI Burundi
BJ BEN Benin
BL BLM Saint Barthélemy
BM BMU Bermuda
BN BRN Brunei|Brunei Darussalam
BO BOL Bolivia
BQ BES Bonaire, Sint Eustatius and Saba|Bonaire, Sint Eustatius en Saba|Caribisch Nederland|Bonaire
BR BRA Brazil|Brazilië|Brasilien|Brésil|Brasile
BS BHS Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus|Wit-Rusland|Weißrussland|Biélorussie|Bielorussia
BZ BLZ Belize
CA CAN Canada|Kanada
CC CCK Cocos Islands|Cocos (Keeling) Islands
CD COD Congo, Democratic Republic of the|Democratic Republic of the Congo|Congo (Dem. Rep.)
CF CAF Central African Republic
CG COG Congo|Republic of the Congo|Congo (Rep.)
CH CHE Switzerland|Zwitserland|Schweiz|Suisse|Svizzera
CI CIV Côte d'Ivoire|Ivory Coast|Ivoorkust
CK COK Cook Islands
CL CHL Chile|Chili|Cile
CM CMR Cameroon|Kameroen
CN CHN China|Chine|Cina
CO COL Colombia
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cape Verde|Cabo Verde|Kaapverdië
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus|Zypern|Chypre|Cipro
CZ CZE Czechia|Czech Republic|Tsjechië|Tschechien|Tchéquie|République tchèque|Cechia|Repubblica Ceca
DE DEU Germany|Duitsland|Deutschland|Allemagne|Germania
DJ DJI Djibouti
DK DNK Denmark|Denemarken|Dänemark|Danemark|Danimarca|Danmark
DM DMA Dominica
DO DOM Dominican Republic
DZ DZA Algeria|Algerije|Algerien|Algérie
EC ECU Ecuador
EE EST Estonia|Estland|Estonie
EG EGY Egypt|Egypte|Ägypten|Égypte|Egitto
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain|Spanje|Spanien|Espagne|Spagna|España
ET ETH Ethiopia
FI FIN Finland|Finnland|Finlande|Finlandia|Suomi
FJ FJI Fiji
FK FLK Falkland Islands
FM FSM Micronesia
FO FRO Faroe Islands|Faeröer
FR FRA France|Frankrijk|Frankreich|Francia
GA GAB Gabon
GB GBR United Kingdom|Verenigd Koninkrijk|Vereinigtes Königreich|Royaume-Uni|Regno Unito|Great Britain|Groot-Brittannië|Großbritannien|England|Engeland|Scotland|Wales|Northern Ireland|UK
GD GRD Grenada
GE GEO Georgia|Georgië|Georgien|Géorgie
GF GUF French Guiana|Guyane
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland|Groenland
GM GMB Gambia
GN GIN Guinea
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea
GR GRC Greece|Griekenland|Griechenland|Grèce|Grecia|Hellas|EL
GS SGS South Georgia and the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong
HM HMD Heard Island and McDonald Islands
HN HND Honduras
HR HRV Croatia|Kroatië|Kroatien|Croatie|Croazia|Hrvatska
HT HTI Haiti
HU HUN Hungary|Hongarije|Ungarn|Hongrie|Ungheria|Magyarország
ID IDN Indonesia|Indonesië|Indonesien
IE IRL Ireland|Ierland|Irland|Irlande|Irlanda|Eire
IL ISR Israel|Israël|Israele
IM IMN Isle of Man
IN IND India|Indien|Inde
IO IOT British Indian Ocean Territory
IQ IRQ Iraq|Irak
IR IRN Iran
IS ISL Iceland|IJsland|Island|Islande|Islanda
IT ITA Italy|Italië|Italien|Italie|Italia
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan|Jordanië
JP JPN Japan|Japon|Giappone
KE KEN Kenya|Kenia
KG KGZ Kyrgyzstan
KH KHM Cambodia|Cambodja
KI KIR Kiribati
KM COM Comoros
KN KNA Saint Kitts and Nevis
KP PRK Korea, Democratic People's Republic of|North Korea
KR KOR Korea, Republic of|South Korea|Zuid-Korea|Südkorea|Corée du Sud|Corea del Sud
KW KWT Kuwait|Koeweit
KY CYM Cayman Islands
KZ KAZ Kazakhstan
LA LAO Laos
LB LBN Lebanon|Libanon
LC LCA Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania|Litouwen|Litauen|Lituanie|Lituania
LU LUX Luxembourg|Luxemburg|Lussemburgo|Lëtzebuerg
LV LVA Latvia|Letland|Lettland|Lettonie|Lettonia
LY LBY Libya
MA MAR Morocco|Marokko|Maroc|Marocco
MC MCO Monaco
MD MDA Moldova|Moldavië|Moldau|Moldavie
ME MNE Montenegro|Monténégro
MF MAF Saint Martin (French part)|Saint Martin
MG MDG Madagascar
MH MHL Marshall Islands
MK MKD North Macedonia|Noord-Macedonië|Nordmazedonien|Macédoine du Nord|Macedonia del Nord|Macedonia
ML MLI Mali
MM MMR Myanmar
MN MNG Mongolia
MO MAC Macao|Macau
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania
MS MSR Montserrat
MT MLT Malta|Malte
MU MUS Mauritius
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico|Mexiko|Mexique|Messico
MY MYS Malaysia
MZ MOZ Mozambique
NA NAM Namibia|Namibië
NC NCL New Caledonia
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands|The Netherlands|Nederland|Niederlande|Pays-Bas|Paesi Bassi|Holland|Olanda
NO NOR Norway|Noorwegen|Norwegen|Norvège|Norvegia|Norge
NP NPL Nepal
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand|Nieuw-Zeeland|Neuseeland|Nouvelle-Zélande|Nuova Zelanda
OM OMN Oman
PA PAN Panama
PE PER Peru
PF PYF French Polynesia
PG PNG Papua New Guinea
PH PHL Philippines|Filipijnen
PK PAK Pakistan
PL POL Poland|Polen|Pologne|Polonia|Polska
PM SPM Saint Pierre and Miquelon
PN PCN Pitcairn
PR PRI Puerto Rico
PS PSE Palestine
PT PRT Portugal|Portogallo
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar
RE REU Réunion
RO ROU Romania|Roemenië|Rumänien|Roumanie|România
RS SRB Serbia|Servië|Serbien|Serbie
RU RUS Russia|Russian Federation|Rusland|Russland|Russie
RW RWA Rwanda
SA SAU Saudi Arabia|Saoedi-Arabië|Saudi-Arabien|Arabie saoudite
SB SLB Solomon Islands
SC SYC Seychelles|Seychellen
SD SDN Sudan
SE SWE Sweden|Zweden|Schweden|Suède|Svezia|Sverige
SG SGP Singapore|Singapur|Singapour
SH SHN Saint Helena, Ascension and Tristan da Cunha|Saint Helena
SI SVN Slovenia|Slovenië|Slowenien|Slovénie|Slovenija
SJ SJM Svalbard and Jan Mayen
SK SVK Slovakia|Slowakije|Slowakei|Slovaquie|Slovacchia|Slovensko
SL SLE Sierra Leone
SM SMR San Marino|Saint-Marin
SN SEN Senegal
SO SOM Somalia
SR SUR Suriname
SS SSD South Sudan
ST STP Sao Tome and Principe
SV SLV El Salvador
SX SXM Sint Maarten|Sint Maarten (Dutch part)
SY SYR Syria
SZ SWZ Eswatini
TC TCA Turks and Caicos Islands
TD TCD Chad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand
TJ TJK Tajikistan
TK TKL Tokelau
TL TLS Timor-Leste
TM TKM Turkmenistan
TN TUN Tunisia|Tunesië|Tunesien|Tunisie
TO TON Tonga
TR TUR Türkiye|Turkey|Turkije|Türkei|Turquie|Turchia
TT TTO Trinidad and Tobago
TV TUV Tuvalu
TW TWN Taiwan
TZ TZA Tanzania
UA UKR Ukraine|Oekraïne|Ucraina
UG UGA Uganda
UM UMI United States Minor Outlying Islands
US USA United States|United States of America|Verenigde Staten|Vereinigte Staaten|États-Unis|Stati Uniti|Amerika
UY URY Uruguay
UZ UZB Uzbekistan
VA VAT Holy See|Vatican City|Vaticaanstad|Vatikanstadt
VC VCT Saint Vincent and the Grenadines
VE VEN Venezuela
VG VGB Virgin Islands (British)|British Virgin Islands
VI VIR Virgin Islands (U.S.)|US Virgin Islands
VN VNM Vietnam|Viet Nam
VU VUT Vanuatu
WF WLF Wallis and Futuna
WS WSM Samoa
YE YEM Yemen
YT MYT Mayotte
ZA ZAF South Africa|Zuid-Afrika|Südafrika|Afrique du Sud|Sudafrica
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""  # noqa: E501


def _plain(name: str) -> str:
    split_up = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(char for char in split_up.casefold() if char.isalnum())


NAMES: dict[str, str] = {}
"""Two letters -> the English name."""
_ALPHA_3: dict[str, str] = {}
_BY_NAME: dict[str, str] = {}
for _row in _TABLE.strip().splitlines():
    _two, _three, _names = _row.split(" ", 2)
    _all = _names.split("|")
    NAMES[_two] = _all[0]
    _ALPHA_3[_two] = _three
    for _name in (_two, _three, *_all):
        _BY_NAME[_plain(_name)] = _two


def country_code(text: str) -> str | None:
    """Two letters for a code or a name ("nld", "België", "Pays-Bas"); None when it is unknown."""
    return _BY_NAME.get(_plain(text))


def alpha_3(code: str) -> str | None:
    """Three letters for two ("NL" -> "NLD")."""
    return _ALPHA_3.get(code.strip().upper())


EU: Final = "EU"
"""Stands for the member states in tables by country."""
_MEMBERS: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU_MEMBERS: Final = frozenset(_MEMBERS.split())
