/** What names, types and comments of columns tell: a table of rules in English, German, French, Spanish, Portuguese, Italian, Dutch. */
import type { ClassificationKind } from '../classification.ts';

/** A type, as coarsely as the rules need it. */
export type TypeFamily =
  | 'text'
  | 'number'
  | 'date'
  | 'network'
  | 'json'
  | 'bytes'
  | 'place'
  | 'uuid'
  /** An enumerated type. */
  | 'choice'
  | 'other';

interface NameRule {
  readonly kind: ClassificationKind;
  readonly families: readonly TypeFamily[];
  /** Words of a name: `_` also matches nothing (`first_name`, `firstname`, `firstName`). */
  readonly words: string;
  /** Words beside it that make it something else. */
  readonly unless?: string;
  /** Counts in tables with one of these words in their names alone. */
  readonly inRelations?: string;
  /** Counts in tables of persons alone: elsewhere the words mean something else. */
  readonly ofPersons?: true;
}

const texts: readonly TypeFamily[] = ['text', 'json'];
const numbers: readonly TypeFamily[] = ['text', 'number'];
const secrets: readonly TypeFamily[] = ['text', 'json', 'bytes', 'uuid'];

/** In order: the first that fits counts, so `email_address` is an e-mail address and `ip_address` no street. */
const ruleTable: readonly NameRule[] = [
  {
    kind: 'secret.password',
    families: ['text', 'bytes'],
    words: `password passwd pwd pass_word pass_phrase passphrase passcode pass_hash pw_hash password_hash hashed_password
      passwort kennwort mot_de_passe mdp contrasena clave_acceso senha parola_chiave wachtwoord user_pass`,
    unless: 'token',
  },
  {
    kind: 'secret.token',
    families: secrets,
    words: `token api_key apikey secret access_key private_key secret_key client_secret access_token refresh_token
      session_token auth_token bearer_token totp_secret otp_secret webhook_secret signing_key encryption_key
      ssh_key credential credentials jeton geheimnis zugangsschluessel secreto segredo segreto chave_api clave_api
      activation_key license_secret reset_code`,
    unless: 'name prefix public kind next page count cursor',
  },
  {
    kind: 'pii.email',
    families: texts,
    words: `email emails e_mail mail mails email_address e_mail_address mail_address mailadresse emailadresse
      correo correo_electronico courriel adresse_mail posta_elettronica e_mailadres emailadres`,
    unless: 'template subject body server host port provider domain campaign list queue folder',
  },
  // Of mail, where the table says so: elsewhere a postal address.
  {
    kind: 'pii.email',
    families: texts,
    words: 'from_address to_address sender_address reply_to cc_address bcc_address',
    inRelations: 'mail email smtp message newsletter notification mailing',
  },
  {
    kind: 'pii.ipAddress',
    families: ['text', 'network', 'number', 'other', 'uuid'],
    words: `imei imsi iccid mac mac_address mac_addr device_serial idfa idfv gaid advertising_id android_id udid device_fingerprint
      browser_fingerprint geraetekennung`,
    unless: 'model vendor os app version build',
  },
  {
    kind: 'pii.ipAddress',
    families: ['text', 'network'],
    words: `ip_address ip_addr ipaddress ip ipv4 ipv6 client_ip remote_ip remote_addr source_ip last_ip
      ip_adresse adresse_ip direccion_ip endereco_ip indirizzo_ip ip_adres`,
  },
  {
    kind: 'pii.phone',
    families: numbers,
    words: `phone phones tel telephone phone_number phone_no mobile_number mobile_phone cell_phone cellphone
      fax fax_number telefon telefonnummer handynummer mobilnummer rufnummer telefono telefone celular
      numero_telefono numero_telephone telephone_portable cellulare telefoon telefoonnummer whatsapp msisdn`,
    unless: 'app os device version model plan price user_agent',
  },
  // As numbers, these are counts of visits.
  {
    kind: 'pii.phone',
    families: ['text'],
    words: 'mobile handy mobil movil mobiel',
    unless: 'app os device version model plan price platform',
  },
  {
    kind: 'pii.birthDate',
    families: ['date', 'text', 'number'],
    words: `birth_date date_of_birth birthdate birth_day birthday dob birth_year year_of_birth born_on
      geburtsdatum geburtstag geburtsjahr geb_datum date_naissance date_de_naissance naissance fecha_nacimiento
      fecha_de_nacimiento nacimiento data_nascimento data_de_nascimento nascimento data_nascita data_di_nascita
      geboortedatum`,
  },
  {
    kind: 'pii.nationalId',
    families: numbers,
    words: `ssn social_security social_security_number national_id national_identifier tax_id tax_number
      taxpayer_id cpf rg_number nino national_insurance national_insurance_number aadhaar aadhar passport passport_number passport_no
      passport_id drivers_license driver_license driving_licence license_number_driver identity_number id_card id_card_number
      identity_card steuer_id steuernummer steueridentifikationsnummer sozialversicherungsnummer personalausweis reisepass
      ausweisnummer numero_securite_sociale numero_fiscal dni nie nif curp seguridad_social codice_fiscale
      bsn burgerservicenummer rijksregisternummer sofinummer pesel personnummer sin_number medicare_number`,
  },
  {
    kind: 'pii.paymentCard',
    families: numbers,
    words: `card_number card_no cardnumber card_num credit_card creditcard credit_card_number debit_card debit_card_number
      cc_number cc_num ccn primary_account_number cvv cvc cvv2 card_cvc kreditkarte kreditkartennummer kartennummer
      numero_carte carte_bancaire numero_carte_bancaire tarjeta_credito numero_tarjeta cartao_credito numero_cartao
      carta_di_credito numero_carta creditcardnummer kaartnummer`,
    unless: 'brand last4 last_four last expiry exp month year network gift loyalty',
  },
  { kind: 'pii.paymentCard', families: ['text'], words: 'pan' }, // as a number, an angle
  {
    kind: 'pii.bankAccount',
    families: numbers,
    words: `iban account_number account_no acct_number acct_no bank_account bank_account_number bankaccount routing_number
      sort_code kontonummer bankverbindung bankkonto numero_compte compte_bancaire cuenta_bancaria numero_cuenta
      clabe conta_bancaria numero_conta conto_corrente numero_conto rekeningnummer bankrekening`,
  },
  {
    kind: 'pii.salary',
    families: ['number', 'text'],
    words: `salary salaries wage wages base_salary gross_salary net_salary annual_salary base_pay gross_pay
      net_pay annual_income gehalt lohn bruttogehalt nettogehalt jahresgehalt einkommen
      salaire remuneration revenu salario sueldo nomina remuneracion salario_bruto remuneracao stipendio retribuzione
      reddito salaris loon inkomen`,
    unless: 'grade band currency code',
  },
  {
    kind: 'pii.salary',
    families: ['number'],
    words: 'compensation bonus bonus_amount income hourly_rate',
    ofPersons: true,
  },
  {
    kind: 'pii.health',
    families: ['text', 'json', 'number', 'choice'],
    words: `diagnosis diagnoses diagnose medical_history medical_record medical_notes medical_condition
      health_condition health_record blood_type blood_group allergy allergies icd10 icd_10 icd_code hiv_status krankheit blutgruppe allergien gesundheit krankenakte
      diagnostic_medical maladie groupe_sanguin sante diagnostico enfermedad alergias grupo_sanguineo salud doenca
      tipo_sanguineo saude diagnosi malattia gruppo_sanguigno salute ziekte bloedgroep gezondheid`,
    unless: 'check service node endpoint system server cluster url probe',
  },
  {
    kind: 'pii.health',
    families: texts,
    words:
      'health health_status medication medications prescription prescriptions disability condition conditions',
    ofPersons: true,
  },
  {
    kind: 'pii.location',
    families: ['number', 'text', 'place'],
    words: `latitude longitude lat lng lon long_lat lat_lng latlng geo_location geolocation gps gps_position gps_coordinates
      coordinates geo_point breitengrad laengengrad longitud latitud latitudine longitudine breedtegraad lengtegraad`,
  },
  {
    kind: 'pii.address',
    families: texts,
    words: `address addresses street street_address street_name address_line address_line1 address_line2 address1 address2
      address_1 address_2 addr postal_address home_address billing_address shipping_address delivery_address mailing_address
      adresse anschrift strasse hausanschrift lieferadresse rechnungsadresse wohnadresse rue adresse_postale adresse_livraison
      direccion domicilio calle endereco logradouro rua indirizzo via_residenza adres straat straatnaam woonadres huisadres`,
    unless: 'mac web wallet contract memory url bitcoin eth network server host hash book',
  },
  {
    kind: 'pii.name',
    families: texts,
    words: `first_name last_name full_name given_name given_names family_name middle_name sur_name surname maiden_name fore_name forename
      fname lname firstname lastname fullname legal_name person_name customer_name employee_name patient_name contact_name
      user_full_name student_name member_name client_name_full guest_name tenant_full_name recipient_name beneficiary_name
      guardian_name parent_name father_name mother_name spouse_name donor_name owner_name borrower_name voter_name driver_name
      passenger_name subscriber_name applicant_name candidate_name resident_name tenant_name landlord_name debtor_name payer_name
      payee_name sender_name receiver_name buyer_name seller_name policyholder_name insured_name signatory_name witness_name
      doctor_name physician_name nurse_name teacher_name next_of_kin
      cardholder cardholder_name card_holder account_holder vorname nachname familienname geburtsname vollstaendiger_name
      kundenname mitarbeitername prenom nom_de_famille nom_famille nom_complet apellido apellidos nombre_completo
      primer_nombre sobrenome nome_completo primeiro_nome cognome nome_cognome voornaam achternaam
      volledige_naam familienaam`,
    unless: 'file host column table',
  },
];

/** In tables of persons alone, where nothing else is meant by it. */
const personNameWords = 'name names display_name nom nombre nome naam';

/** What only persons have: a table with such a column is one of persons, whatever its name. */
const personalKinds: readonly ClassificationKind[] = [
  'pii.birthDate',
  'pii.nationalId',
  'pii.salary',
  'pii.health',
];
/** What persons have, and companies too: enough where the table's name leaves both open. */
const contactKinds: readonly ClassificationKind[] = ['pii.email', 'pii.phone', 'pii.name'];

/** Tables whose rows are persons if they have {@link contactKinds}: or else accounts in a ledger, drivers of a printer, … */
const openTables = new Set(
  'account accounts client clients lead leads driver drivers profile profiles candidate candidates resident residents'.split(
    ' ',
  ),
);

/** Tables whose rows are persons, singular and plural. */
const personTables = new Set(
  `customer customers user users employee employees person persons people contact contacts patient patients member members
  student students subscriber subscribers guest guests teacher teachers
  doctor doctors applicant applicants donor donors worker workers staff
  citizen citizens passenger passengers visitor visitors beneficiary beneficiaries
  kunde kunden benutzer nutzer mitarbeiter person personen kontakt kontakte patienten mitglied mitglieder schueler
  utilisateur utilisateurs employe employes personne personnes patient membre membres etudiant etudiants
  cliente clientes usuario usuarios empleado empleados persona personas paciente pacientes miembro miembros alumno alumnos
  funcionario funcionarios pessoa pessoas aluno utente utenti clienti dipendente dipendenti persone pazienti membri
  klant klanten gebruiker gebruikers medewerker medewerkers personen patienten leden`.split(/\s+/),
);

/** What may follow a person table's name in a copy of it. */
const copyWords =
  /_(old|new|backup|bak|copy|archive|archived|history|hist|tmp|temp|import|staging|stage|raw|v?\d+)$/;

/** Names that speak about a value (whether, when, how many, which sort) and do not hold it. */
const aboutWords =
  /^(is|has|num|count|max|min|total|n|use|allow|require|requires|enable|send)_|_(at|on|count|counts|type|kind|status|state|verified|confirmed|enabled|required|valid|length|len|limit|size|id|ids|uuid|url|uri|format|version|source|label|category|reason|policy|expires|expiry|attempts|preference|opt_in|optin|flag|index|order|score|hint|usage)$/;

interface CompiledRule {
  readonly kind: ClassificationKind;
  readonly families: readonly TypeFamily[];
  readonly words: RegExp;
  readonly unless: RegExp | undefined;
  readonly inRelations: RegExp | undefined;
  readonly ofPersons: boolean;
}

const rules: readonly CompiledRule[] = ruleTable.map((rule) => ({
  kind: rule.kind,
  families: rule.families,
  words: compileWords(rule.words),
  unless: rule.unless === undefined ? undefined : compileWords(rule.unless),
  inRelations: rule.inRelations === undefined ? undefined : compileWords(rule.inRelations),
  ofPersons: rule.ofPersons === true,
}));
const personNames = new RegExp(`^(${personNameWords.split(' ').join('|')})$`);

/** Words in a comment that say what the column holds. */
const commentRules: readonly (readonly [RegExp, ClassificationKind, readonly TypeFamily[]])[] = [
  [/\b(api key|access token|secret|private key|credentials?|geheim|jeton)\b/i, 'secret.token', secrets],
  [
    /\b(passwords?|passwort|kennwort|mot de passe|contraseña|senha|wachtwoord)\b/i,
    'secret.password',
    secrets,
  ],
  [
    /\be-?mail address(es)?\b|^((the|their|work|private|primary|[\w']+'s) )*e-?mails?\b|\bcorreo electr|\bcourriel\b/i,
    'pii.email',
    texts,
  ],
  [/\b((tele)?phone|mobile) numbers?\b|\btelefonnummer\b|\bnuméro de téléphone\b/i, 'pii.phone', numbers],
  [/\b(date of birth|birth ?dates?|geburtsdatum|date de naissance)\b/i, 'pii.birthDate', ['date', 'text']],
  [
    /\b(social security numbers?|national id(entifier)?|passport numbers?|tax id)\b/i,
    'pii.nationalId',
    numbers,
  ],
  [/\b(card numbers?|primary account number|kreditkarte)\b/i, 'pii.paymentCard', numbers],
  [/\b(iban|bank account( numbers?)?|kontonummer)\b/i, 'pii.bankAccount', numbers],
  [/\b(salary|wages?|gehalt|salaire)\b/i, 'pii.salary', ['number']],
  [/\b(diagnos[ie]s|medical (condition|history)|health data)\b/i, 'pii.health', texts],
  [/\b(home|postal|street) address(es)?\b/i, 'pii.address', texts],
  [/\b(full|first|last|family) name\b/i, 'pii.name', texts],
  [
    /\b(personal data|personally identif|pii|personenbezogen|données personnelles|datos personales)/i,
    'pii.freeText',
    ['text', 'json', 'number', 'date', 'network', 'bytes', 'place', 'choice'], // somebody has said so: whatever the type
  ],
];

/** Comments that begin so speak about a value, and do not say what is in the column. */
const aboutComments =
  /^(the )?(whether|when|how|if|why|label|name|kind|type|status|state|id|identifier|number of|count|date|time|format|template|subject|language|version|reason|source|length)\b(?! (of birth|address))/i;

const negations = /\b(no|not|never|without|non|nicht|kein|keine|sans|sin)\b/i;

/**
 * What a column is by its name and type, or undefined.
 *
 * @param relation its table's name: `name` is a person's only in tables of persons
 * @param siblings what is known of the table's other columns, which tells a table of persons too
 */
export function classifyByName(
  relation: string,
  column: string,
  family: TypeFamily,
  siblings: ReadonlySet<ClassificationKind> = new Set(),
): ClassificationKind | undefined {
  const name = normalizeName(column);
  const isPerson = isPersonTable(relation, siblings);
  const isAbout = aboutWords.test(name);
  for (const rule of rules) {
    const match = rule.words.exec(name);
    if (match === null || !rule.families.includes(family) || (rule.ofPersons && !isPerson)) continue;
    // `tax_id` ends like an identifier and is the rule's own word; `address_id` is only beside one.
    if (isAbout && match[0] !== name && !endsWithMatch(name, match)) continue;
    if (rule.unless?.test(name) === true) continue;
    if (rule.inRelations?.test(normalizeName(relation)) === false) continue;
    return rule.kind;
  }
  if (family === 'text' && isPerson && personNames.test(name)) return 'pii.name';
  return undefined;
}

/** What a column's comment says that it is; a comment that denies anything says nothing. */
export function classifyByComment(comment: string, family: TypeFamily): ClassificationKind | undefined {
  const text = comment.slice(0, 500);
  if (negations.test(text) || aboutComments.test(text)) return undefined;
  return commentRules.find(([words, , families]) => families.includes(family) && words.test(text))?.[1];
}

/** `billingAddress`, `Billing Address` and `BILLING_ADDRESS` as `billing_address`; accents and ß in plain letters. */
export function normalizeName(name: string): string {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

function isPersonTable(relation: string, siblings: ReadonlySet<ClassificationKind>): boolean {
  if (personalKinds.some((kind) => siblings.has(kind))) return true;
  let name = normalizeName(relation);
  while (copyWords.test(name)) name = name.replace(copyWords, '');
  const lastWord = name.slice(name.lastIndexOf('_') + 1);
  if (personTables.has(name) || personTables.has(lastWord)) return true;
  const isOpen = openTables.has(name) || openTables.has(lastWord);
  return isOpen && contactKinds.some((kind) => siblings.has(kind));
}

function endsWithMatch(name: string, match: RegExpExecArray): boolean {
  return match.index + match[0].length === name.length && /(^|_)(is|has|num|count|max)_/.test(name) === false;
}

/** Whole words, longest first; digits may follow (`email2`). */
function compileWords(words: string): RegExp {
  const list = words
    .split(/\s+/)
    .filter((word) => word !== '')
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replaceAll('_', '_?'));
  return new RegExp(`(?<![a-z0-9])(?:${list.join('|')})(?![a-z])`);
}
