/** What names and comments of columns say, in seven languages, and what only looks like it. */
import { describe, expect, it } from 'vitest';
import type { ClassificationKind } from '../../../proxy/masking/classification.ts';
import {
  classifyByComment,
  classifyByName,
  type TypeFamily,
} from '../../../proxy/masking/columns/columnNames.ts';

const named = (path: string, family: TypeFamily = 'text') => {
  const [table = '', column = ''] = path.split('.');
  return classifyByName(table, column, family);
};

describe('names of columns', () => {
  it.each([
    ['pii.email', 'email e_mail mail eMail EmailAddress user_email email2 correo_electronico courriel'],
    [
      'pii.phone',
      'phone tel mobile phone_number Telefonnummer téléphone home_phone telefone celular telefoon',
    ],
    [
      'pii.birthDate',
      'dob birth_date dateOfBirth Geburtsdatum date_naissance fecha_nacimiento data_nascita geboortedatum',
    ],
    [
      'pii.nationalId',
      'ssn national_id tax_id cpf nino aadhaar customer_ssn codice_fiscale bsn steuer_id passport_number',
    ],
    ['pii.paymentCard', 'card_number cardNumber pan credit_card_number kreditkartennummer cvv'],
    ['pii.bankAccount', 'iban account_number IBAN kontonummer routing_number rekeningnummer'],
    ['pii.salary', 'salary base_salary wage Gehalt salaire sueldo stipendio salaris'],
    ['pii.ipAddress', 'ip ip_address client_ip remote_addr last_login_ip'],
    [
      'pii.address',
      'address street billing_address address_line1 Straße adresse dirección endereço indirizzo straat',
    ],
    [
      'pii.name',
      'first_name lastName fullname surname Vorname prénom apellido sobrenome cognome achternaam customer_name',
    ],
    ['pii.health', 'diagnosis blood_type allergies Blutgruppe diagnóstico'],
    [
      'secret.password',
      'password passwd pwd password_hash Passwort mot_de_passe contraseña senha wachtwoord',
    ],
    ['secret.token', 'token api_key apiKey secret access_key private_key client_secret refresh_token'],
  ])('say %s: %s', (kind, names) => {
    expect(names.split(' ').map((name) => [name, named(`t.${name}`)])).toEqual(
      names.split(' ').map((name) => [name, kind]),
    );
  });

  it.each([
    'id',
    'customer_id',
    'sku',
    'order_number',
    'created_at',
    'version',
    'name',
    'title',
    'city',
    'country',
    'status',
    'uuid',
    'email_verified_at',
    'email_count',
    'email_template',
    'phone_type',
    'password_changed_at',
    'address_id',
    'mac_os_version',
    'token_type',
    'card_brand',
    'card_last4',
    'health_check',
    'mailing_list_id',
    'description',
    'company',
    'span',
    'panel',
    'ship_date',
    'hotel',
    'zip_file',
    'streetwise',
    'salary_band',
    'checksum',
    'description_ip_count',
    'format',
  ])('say nothing: %s', (name) => {
    expect(named(`products.${name}`)).toBeUndefined();
  });

  it('count only with a type that can hold the thing', () => {
    expect(named('t.email', 'other')).toBeUndefined();
    expect(named('t.tokens', 'number')).toBeUndefined();
    expect(named('t.token', 'number')).toBeUndefined();
    expect(named('t.birth_date', 'date')).toBe('pii.birthDate');
    expect(named('t.latitude', 'number')).toBe('pii.location');
    expect(named('t.salary', 'number')).toBe('pii.salary');
    for (const count of ['mobile', 'pan', 'compensation', 'income', 'bonus']) {
      expect([count, named(`visits.${count}`, 'number')]).toEqual([count, undefined]);
    }
    expect(named('employees.bonus', 'number')).toBe('pii.salary');
  });

  it('mean a person with name in tables of persons and their copies alone', () => {
    for (const table of [
      'customers',
      'Users',
      'employee',
      'vip_customers',
      'users_old',
      'customers_2024',
      'Mitarbeiter',
      'clientes',
    ]) {
      expect([table, named(`${table}.name`)]).toEqual([table, 'pii.name']);
    }
    for (const table of [
      'products',
      'customer_groups',
      'user_roles',
      'models',
      'contact_types',
      'api_keys',
    ]) {
      expect([table, named(`${table}.name`)]).toEqual([table, undefined]);
    }
  });
});

describe('comments on columns', () => {
  it('say what the column holds, with a type that can hold it', () => {
    expect(classifyByComment('Primary account number of the card.', 'text')).toBe('pii.paymentCard');
    expect(classifyByComment('Secret.', 'text')).toBe('secret.token');
    expect(classifyByComment('Contains personal data', 'text')).toBe('pii.freeText');
    expect(classifyByComment('When the e-mail address was checked', 'date')).toBeUndefined();
    expect(classifyByComment('Not personal data', 'text')).toBeUndefined();
    expect(classifyByComment('The document; its form depends on kind.', 'json')).toBeUndefined();
  });
});

describe('a table', () => {
  const personal = new Set<ClassificationKind>(['pii.birthDate']);
  const contact = new Set<ClassificationKind>(['pii.email']);

  it('is one of persons by what only persons have, whatever it is called', () => {
    expect(classifyByName('athletes', 'name', 'text', personal)).toBe('pii.name');
    expect(classifyByName('athletes', 'health_status', 'text', personal)).toBe('pii.health');
    expect(classifyByName('suppliers', 'name', 'text', contact)).toBeUndefined();
    expect(classifyByName('services', 'health_status', 'text')).toBeUndefined();
  });

  it('whose name leaves it open is one of persons where there is a way to reach them', () => {
    for (const table of ['accounts', 'clients', 'leads', 'drivers', 'profiles', 'candidates']) {
      expect([table, classifyByName(table, 'name', 'text')]).toEqual([table, undefined]);
      expect([table, classifyByName(table, 'name', 'text', contact)]).toEqual([table, 'pii.name']);
    }
  });
});

describe('comments that speak about a value', () => {
  it.each([
    'Label of the API key',
    'Template for the e-mail address confirmation',
    'Whether the password was reset',
    'Sends an e-mail when it ships',
    'Type of the secret',
  ])('say nothing: %s', (comment) => {
    expect(classifyByComment(comment, 'text')).toBeUndefined();
  });

  it('do not hide a date of birth or a person marked as such', () => {
    expect(classifyByComment('Date of birth', 'date')).toBe('pii.birthDate');
    expect(classifyByComment('Personal data', 'number')).toBe('pii.freeText');
    expect(classifyByComment("The customer's e-mail", 'text')).toBe('pii.email');
  });
});
