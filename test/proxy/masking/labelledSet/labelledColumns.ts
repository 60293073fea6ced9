/** Columns as schemas have them, with what they hold: of applications that many run, and of businesses in several languages. */
import type { ClassificationKind } from '../../../../proxy/masking/classification.ts';
import type { TypeFamily } from '../../../../proxy/masking/columns/columnNames.ts';

export interface LabelledColumn {
  readonly relation: string;
  readonly column: string;
  readonly family: TypeFamily;
  readonly comment?: string;
  readonly values?: readonly string[];
  /** Undefined for what is neither personal nor secret. */
  readonly kind: ClassificationKind | undefined;
}

const families: Readonly<Record<string, TypeFamily>> = {
  t: 'text',
  n: 'number',
  d: 'date',
  j: 'json',
  b: 'bytes',
  u: 'uuid',
  i: 'network',
  p: 'place',
  o: 'other',
};

const kinds: Readonly<Record<string, ClassificationKind | undefined>> = {
  name: 'pii.name',
  email: 'pii.email',
  phone: 'pii.phone',
  address: 'pii.address',
  birth: 'pii.birthDate',
  national: 'pii.nationalId',
  card: 'pii.paymentCard',
  bank: 'pii.bankAccount',
  health: 'pii.health',
  salary: 'pii.salary',
  ip: 'pii.ipAddress',
  place: 'pii.location',
  password: 'secret.password',
  token: 'secret.token',
  '-': undefined,
};

/** A table a line: its name, then `column/family/kind` for each of its columns. */
const tables = `
customers id/n/- first_name/t/name last_name/t/name email/t/email phone/t/phone date_of_birth/d/birth created_at/d/- status/t/- loyalty_points/n/- newsletter_opt_in/o/- country_code/t/- preferred_language/t/- customer_number/t/-
addresses id/n/- customer_id/n/- street/t/address address_line2/t/address city/t/- postal_code/t/- country/t/- latitude/n/place longitude/n/place is_default/o/- address_type/t/-
orders id/n/- order_number/t/- status/t/- total/n/- currency/t/- placed_at/d/- shipping_address/t/address billing_address/j/address discount_code/t/- tracking_number/t/- carrier/t/- email_sent_at/d/- ip_address/i/ip
payments id/n/- pan/t/card order_id/n/- card_number/t/card card_last4/t/- card_brand/t/- card_expiry_month/n/- cardholder_name/t/name amount/n/- status/t/- iban/t/bank gateway/t/- token/t/token
products id/n/- sku/t/- name/t/- description/t/- price/n/- weight/n/- barcode/t/- colour/t/- supplier_id/n/- image_url/t/- rating/n/- tax_rate/n/- mail_order/o/-
employees id/n/- full_name/t/name work_email/t/email mobile_phone/t/phone hire_date/d/- job_title/t/- department/t/- salary/n/salary bonus/n/salary ssn/t/national home_address/t/address birth_date/d/birth manager_id/n/- pay_grade/t/- salary_currency/t/- bank_account/t/bank
payroll id/n/- employee_id/n/- gross_pay/n/salary net_pay/n/salary pay_date/d/- tax_id/t/national routing_number/t/bank account_number/t/bank hours_worked/n/-
patients id/n/- mrn/t/- given_name/t/name family_name/t/name dob/d/birth blood_type/t/health allergies/t/health medications/t/health phone_number/t/phone emergency_contact_name/t/name gender/t/- insurance_plan/t/-
encounters id/n/- patient_id/n/- diagnosis/t/health icd10_code/t/health admitted_at/d/- ward/t/- room_number/t/- discharge_status/t/-
users id/n/- username/t/- email/t/email encrypted_password/t/password password_hash/t/password reset_password_token/t/token reset_password_sent_at/d/- sign_in_count/n/- last_sign_in_at/d/- last_sign_in_ip/i/ip confirmation_token/t/token otp_secret/t/token api_key/t/token locale/t/- time_zone/t/- role/t/- password_changed_at/d/- failed_attempts/n/- email_verified/o/- phone_verified_at/d/-
auth_user id/n/- password/t/password last_login/d/- is_superuser/o/- username/t/- first_name/t/name last_name/t/name email/t/email is_staff/o/- date_joined/d/-
wp_users ID/n/- user_login/t/- user_pass/t/password user_nicename/t/- user_email/t/email user_url/t/- user_registered/d/- user_activation_key/t/token user_status/n/-
sessions id/t/- user_id/n/- session_token/t/token user_agent/t/- ip/t/ip expires_at/d/- created_at/d/-
oauth_clients id/n/- client_id/t/- client_secret/t/token redirect_uri/t/- scopes/t/- grant_types/t/- access_token/t/token refresh_token/t/token token_type/t/- token_expires_at/d/-
webhooks id/n/- url/t/- webhook_secret/t/token event/t/- active/o/- retry_count/n/- last_status/n/-
integrations id/n/- provider/t/- access_key/t/token secret_key/t/token private_key/t/token public_key/t/- region/t/- bucket/t/- endpoint/t/- enabled/o/-
devices id/n/- serial_number/t/- model/t/- firmware_version/t/- mac_address/t/ip imei/t/ip last_ip/t/ip battery_level/n/- last_seen_at/d/- advertising_id/u/ip
res_partner id/n/- name/t/- email/t/email phone/t/phone mobile/t/phone street/t/address street2/t/address zip/t/- city/t/- lang/t/- website/t/- is_company/o/- credit_limit/n/-
mdl_user id/n/- username/t/- password/t/password firstname/t/name lastname/t/name email/t/email phone1/t/phone address/t/address lastip/t/ip city/t/- timezone/t/- suspended/n/-
contacts id/n/- name/t/name company/t/- title/t/- email_address/t/email telephone/t/phone fax/t/phone mailing_address/t/address lead_source/t/- owner_id/n/- birthday/d/birth
kunden kundennummer/t/- vorname/t/name nachname/t/name strasse/t/address hausnummer/t/- plz/t/- ort/t/- telefon/t/phone handynummer/t/phone emailadresse/t/email geburtsdatum/d/birth kontonummer/t/bank iban/t/bank umsatz/n/- rabatt/n/- angelegt_am/d/-
mitarbeiter personalnummer/t/- vorname/t/name nachname/t/name gehalt/n/salary steuer_id/t/national sozialversicherungsnummer/t/national eintrittsdatum/d/- abteilung/t/- krankheit/t/health geburtsort/t/- passwort/t/password
artikel artikelnummer/t/- bezeichnung/t/- preis/n/- lagerbestand/n/- gewicht/n/- lieferant/t/- farbe/t/- mehrwertsteuer/n/-
rechnungen rechnungsnummer/t/- rechnungsadresse/t/address betrag/n/- faellig_am/d/- bezahlt/o/- lieferadresse/t/address
clients id/n/- prenom/t/name nom_de_famille/t/name courriel/t/email telephone/t/phone adresse/t/address date_de_naissance/d/birth code_postal/t/- ville/t/- fidelite/n/- numero_securite_sociale/t/national
salaries_fr id/n/- salaire/n/salary mot_de_passe/t/password matricule/t/- poste/t/- date_embauche/d/- numero_compte/t/bank
commandes id/n/- numero/t/- montant/n/- statut/t/- adresse_livraison/t/address numero_carte/t/card date_commande/d/-
clientes id/n/- nombre_completo/t/name apellidos/t/name correo_electronico/t/email telefono/t/phone direccion/t/address fecha_nacimiento/d/birth dni/t/national ciudad/t/- saldo/n/- tarjeta_credito/t/card
empleados id/n/- nombre/t/name apellido/t/name salario/n/salary contrasena/t/password cargo/t/- fecha_ingreso/d/- cuenta_bancaria/t/bank alergias/t/health
pedidos id/n/- numero_pedido/t/- total/n/- estado/t/- fecha/d/- metodo_pago/t/-
usuarios id/n/- nome_completo/t/name sobrenome/t/name cpf/t/national celular/t/phone endereco/t/address data_nascimento/d/birth senha/t/password criado_em/d/- ativo/o/- cep/t/- bairro/t/-
funcionarios id/n/- nome/t/name salario_bruto/n/salary conta_bancaria/t/bank cargo/t/- setor/t/- matricula/t/- tipo_sanguineo/t/health
ospiti id/n/- nome_cognome/t/name indirizzo/t/address cellulare/t/phone codice_fiscale/t/national data_nascita/d/birth camera/t/- arrivo/d/- partenza/d/- carta_di_credito/t/card
dipendenti id/n/- cognome/t/name stipendio/n/salary reparto/t/- parola_chiave/t/password conto_corrente/t/bank
klanten klantnummer/t/- voornaam/t/name achternaam/t/name straatnaam/t/address huisnummer/t/- postcode/t/- woonplaats/t/- telefoonnummer/t/phone emailadres/t/email geboortedatum/d/birth bsn/t/national rekeningnummer/t/bank
medewerkers id/n/- salaris/n/salary wachtwoord/t/password afdeling/t/- indienst/d/- ziekte/t/health
students id/n/- student_name/t/name guardian_name/t/name guardian_phone/t/phone email/t/email enrolment_year/n/- grade/n/- disability/t/health national_id/t/national home_phone/t/phone
passengers id/n/- surname/t/name given_names/t/name passport_number/t/national seat/t/- pnr/t/- nationality/t/- frequent_flyer_tier/t/- contact_email/t/email date_of_birth/d/birth
drivers id/n/- full_name/t/name driving_licence/t/national licence_plate/t/- vehicle_id/n/- gps_position/p/place lat/n/place lng/n/place rating/n/- phone/t/phone
residents id/n/- legal_name/t/name nino/t/national national_insurance_number/t/national postal_address/t/address medical_condition/t/health phone_no/t/phone moved_in_on/d/-
accounts id/n/- account_no/t/bank sort_code/t/bank balance/n/- currency/t/- opened_at/d/- branch/t/- overdraft_limit/n/- account_type/t/-
members id/n/- display_name/t/name aadhaar/t/national upi_handle/t/- joined_on/d/- tier/t/- dob/d/birth
events id/n/- event_type/t/- occurred_at/d/- payload_version/n/- source_ip/t/ip actor_id/n/- correlation_id/u/- duration_ms/n/-
access_log id/n/- client_ip/i/ip remote_addr/t/ip path/t/- status_code/n/- bytes_sent/n/- referrer/t/- method/t/-
locations id/n/- name/t/- geo_point/p/place coordinates/p/place timezone/t/- floor/n/- capacity/n/-
check_ins id/n/- user_id/n/- gps_coordinates/t/place checked_in_at/d/- venue_id/n/- latitude/n/place longitude/n/place
claims id/n/- policy_number/t/- beneficiary_name/t/name bank_account_number/t/bank diagnosis_code/t/health medical_notes/t/health amount/n/- filed_on/d/- adjuster_id/n/- hiv_status/t/health
applicants id/n/- first_name/t/name surname/t/name cv_url/t/- expected_salary/n/salary current_salary/n/salary phone/t/phone email/t/email applied_on/d/- stage/t/- source/t/-
donors id/n/- donor_name/t/name email/t/email credit_card_number/t/card cvv/t/card donation_total/n/- blood_group/t/health last_donation/d/-
smtp_settings host/t/- port/n/- username/t/- smtp_password/t/password from_address/t/email use_tls/o/- mail_host/t/-
feature_flags key/t/- enabled/o/- rollout/n/- description/t/- owner_team/t/-
migrations version/t/- name/t/- applied_at/d/- checksum/t/-
jobs id/n/- queue/t/- payload_type/t/- attempts/n/- run_at/d/- locked_by/t/- priority/n/-
documents id/n/- title/t/- mime_type/t/- size_bytes/n/- checksum/t/- storage_key/t/- version/n/- page_count/n/-
shipments id/n/- tracking_code/t/- carrier/t/- recipient_name/t/name delivery_address/t/address weight_kg/n/- shipped_at/d/- recipient_phone/t/phone label_url/t/- destination_country/t/-
machines id/n/- hostname/t/- ipv4/t/ip os_name/t/- os_version/t/- cpu_count/n/- memory_mb/n/- rack/t/- mac_addr/o/ip
sensors id/n/- unit/t/- reading/n/- health_check_url/t/- calibrated_at/d/- node_health/t/- signal_strength/n/-
tickets id/n/- subject/t/- priority/t/- requester_email/t/email assigned_to/n/- opened_at/d/- sla_minutes/n/- channel/t/- reporter_phone/t/phone
suppliers id/n/- company_name/t/- vat_number/t/- contact_name/t/name contact_phone/t/phone email/t/email rating/n/- payment_terms/t/- swift_code/t/-
invoices id/n/- invoice_number/t/- due_date/d/- subtotal/n/- tax_amount/n/- pdf_url/t/- billing_email/t/email paid/o/- po_number/t/-
reservations id/n/- guest_name/t/name guest_email/t/email room/t/- check_in/d/- check_out/d/- confirmation_code/t/- guest_phone/t/phone special_rate/n/- nights/n/-
vehicles id/n/- vin/t/- licence_plate/t/- make/t/- model/t/- mileage/n/- owner_name/t/name fuel_type/t/-
translations id/n/- locale/t/- message_key/t/- text/t/- email_template/t/- updated_at/d/-
wallets id/n/- wallet_address/t/- chain/t/- balance/n/- contract_address/t/- nonce/n/-
search_index id/n/- token_count/n/- document_id/n/- language/t/- indexed_at/d/- score/n/-
prices id/n/- price_per_unit/n/- valid_from/d/- valid_to/d/- mobile_price/n/- address_count/n/- phone_model/t/-
credentials id/n/- user_id/n/- passwd/t/password totp_secret/t/token ssh_key/t/token credential_type/t/- last_used_at/d/-
api_keys id/n/- name/t/- key_prefix/t/- api_key_hash/t/token secret/t/token scopes/t/- revoked_at/d/- last_used_ip/i/ip
loans id/n/- borrower_name/t/name annual_income/n/salary principal/n/- interest_rate/n/- term_months/n/- social_security_number/t/national
taxpayers id/n/- taxpayer_id/t/national full_name/t/name wages/n/salary filing_status/t/- tax_year/n/- refund_amount/n/-
voters id/n/- voter_name/t/name address_line1/t/address date_of_birth/d/birth precinct/t/- party/t/- registered_on/d/- phone/t/phone
`;

/** Columns that only a comment tells of. */
const commented: readonly LabelledColumn[] = [
  {
    relation: 'misc',
    column: 'field1',
    family: 'text',
    comment: 'E-mail address of the person',
    kind: 'pii.email',
  },
  {
    relation: 'misc',
    column: 'f2',
    family: 'text',
    comment: 'Telephone number for call-backs',
    kind: 'pii.phone',
  },
  { relation: 'misc', column: 'c3', family: 'date', comment: 'Date of birth', kind: 'pii.birthDate' },
  {
    relation: 'misc',
    column: 'x4',
    family: 'text',
    comment: 'Social security number',
    kind: 'pii.nationalId',
  },
  { relation: 'misc', column: 'x5', family: 'text', comment: 'Home address', kind: 'pii.address' },
  { relation: 'misc', column: 'x6', family: 'text', comment: 'IBAN for refunds', kind: 'pii.bankAccount' },
  { relation: 'misc', column: 'x7', family: 'text', comment: 'API key of the partner', kind: 'secret.token' },
  {
    relation: 'misc',
    column: 'x8',
    family: 'text',
    comment: 'Passwort im Klartext (alt)',
    kind: 'secret.password',
  },
  { relation: 'misc', column: 'x9', family: 'text', comment: 'Full name as printed', kind: 'pii.name' },
  { relation: 'misc', column: 'y1', family: 'number', comment: 'Salary per year', kind: 'pii.salary' },
  { relation: 'misc', column: 'y2', family: 'text', comment: 'Diagnosis by the doctor', kind: 'pii.health' },
  {
    relation: 'misc',
    column: 'y3',
    family: 'text',
    comment: 'Whether the e-mail address was checked',
    kind: undefined,
  },
  { relation: 'misc', column: 'y4', family: 'text', comment: 'Colour of the label', kind: undefined },
  { relation: 'misc', column: 'y5', family: 'text', comment: 'Contains no personal data', kind: undefined },
  { relation: 'misc', column: 'y6', family: 'number', comment: 'Number of phone numbers', kind: undefined },
  { relation: 'misc', column: 'y7', family: 'text', comment: 'Subject of the e-mail', kind: undefined },
];

export const namedColumns: readonly LabelledColumn[] = [
  ...tables
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [relation = '', ...columns] = line.split(' ');
      return columns.map((entry): LabelledColumn => {
        const [column = '', family = '', kind = ''] = entry.split('/');
        return { relation, column, family: families[family] ?? 'other', kind: kinds[kind] };
      });
    }),
  ...commented,
];
