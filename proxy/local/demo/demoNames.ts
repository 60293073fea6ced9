/** The words that the demo database is made of: names, places, products. Changing one changes the database. */

/** Given and family names; letters beyond ASCII are there on purpose. */
export const givenNames = list(`
  Ada, Alice, Amara, Anna, Ben, Björn, Carla, Chloé, Daniel, David, Elena, Emma, Farid, Fatima,
  Felix, Grace, Hana, Hugo, Ines, Isaac, Jana, Jonas, José, Julia, Kenji, Lars, Leila, Liam, Lucía,
  Łukasz, Maya, Mei, Mia, Noah, Nora, Olga, Oliver, Omar, Paula, Priya, Rosa, Ruth, Samuel, Sofia,
  Tariq, Theo, Viktor, Wanda, Yara, Zoë`);

export const familyNames = list(`
  Abbott, Andersen, Bauer, Becker, Bennett, Bianchi, Carter, Castillo, Chen, Costa, Diaz, Dubois,
  Ellis, Evans, Fischer, Fontaine, Garcia, Greene, Haddad, Hansen, Hoffmann, Hughes, Ibrahim, Ito,
  Jensen, Kaya, Keller, Kowalski, Lambert, Lefèvre, Lindqvist, López, Marino, Mensah, Meyer,
  Moreau, Müller, Nakamura, Novak, Okafor, Olsen, Patel, Petrov, Quinn, Reyes, Rossi, Sato,
  Schneider, Silva, Singh, Sørensen, Tanaka, Turner, Vargas, Wagner, Walsh, Weber, Young, Zhang,
  Ziegler`);

/** Domains that nobody can own (RFC 2606). */
export const mailDomains = list(`
  example.com, example.com, example.org, example.net, mail.example.com, post.example.org,
  work.example.net`);

/** A country with its currency, places, and how telephone numbers that are kept for fiction begin there. */
interface Country {
  readonly code: string;
  readonly currency: string;
  /** In ten customers, so many live there. */
  readonly weight: number;
  readonly cities: readonly string[];
  readonly streets: readonly string[];
  readonly phones: readonly string[];
  /** How many digits follow after one of `phones`. */
  readonly phoneDigits: number;
}

/** Sources of the number ranges: NANPA 555-01XX; Ofcom, Bundesnetzagentur and Arcep numbers for use in drama. */
export const countries: readonly Country[] = [
  {
    code: 'US',
    currency: 'USD',
    weight: 4,
    cities: list('Portland, Austin, Chicago, Boston, Denver, Seattle, Atlanta, San Diego'),
    streets: list('Maple Street, Oak Avenue, Lincoln Road, Cedar Lane, Riverside Drive'),
    phones: list('+1-202-555-01, +1-415-555-01, +1-512-555-01, +1-617-555-01, +1-303-555-01'),
    phoneDigits: 2,
  },
  {
    code: 'GB',
    currency: 'GBP',
    weight: 2,
    cities: list('London, Leeds, Bristol, Cardiff, Glasgow, York'),
    streets: list("High Street, Church Road, Station Road, Mill Lane, King's Terrace"),
    phones: list('+44 20 7946 0, +44 113 496 0, +44 117 496 0, +44 7700 900'),
    phoneDigits: 3,
  },
  {
    code: 'DE',
    currency: 'EUR',
    weight: 3,
    cities: list('Berlin, Hamburg, Köln, München, Leipzig, Nürnberg'),
    streets: list('Lindenallee, Gartenstraße, Am Markt, Bergweg, Hafenstraße'),
    phones: list('+49 30 23125, +49 40 66969, +49 221 4710, +49 89 99998'),
    phoneDigits: 3,
  },
  {
    code: 'FR',
    currency: 'EUR',
    weight: 1,
    cities: list('Paris, Lyon, Nantes, Toulouse, Lille, Besançon'),
    streets: list('Rue de la Paix, Avenue des Fleurs, Rue du Moulin, Place du Marché, Rue Victor Hugo'),
    phones: list('+33 1 99 00, +33 4 65 71, +33 6 39 98'),
    phoneDigits: 4,
  },
];

/** What the shop sells, by category. */
export const productKinds = [
  { category: 'outdoor', kinds: list('Backpack, Rain Jacket, Running Shoes, Sleeping Bag, Water Bottle') },
  { category: 'kitchen', kinds: list('Espresso Maker, Kettle, Mug, Tea Set') },
  { category: 'office', kinds: list('Desk Lamp, Field Notebook, Headphones, Keyboard') },
  { category: 'home', kinds: list('Reading Chair, Tripod, Wall Clock') },
] as const;

export const productStyles = list(`
  Aurora, Basalt, Classic, Coast, Ember, Fjord, Granite, Harbor, Indigo, Juniper, Linen, Meadow,
  Nordic, Orchard, Pebble, Quartz, Ridge, Saffron, Terra, Willow, Zephyr`);

export const departments = list(`
  Leadership, Engineering, Data, Operations, Support, Marketing, Finance, People`);

/** The families of models; each has several versions. */
export const modelNames = list(`
  churn, demand_forecast, fraud, product_embedding, recommendation, search_ranking, support_triage, price_elasticity`);

export const datasetNames = list(`
  orders, clicks, baskets, tickets, returns, sessions, catalog, reviews, campaigns, deliveries, refunds, searches`);

/** Feature flags of the shop and what they do. */
export const featureFlags = list(`
  new_checkout: One page instead of three, guest_orders: Order without an account, dark_mode: Dark colours in the shop,
  card_vault: Keep cards for the next order, instant_refunds: Refund before the parcel is back,
  recommendations_v2: The new recommendation model, search_synonyms: Synonyms in the product search,
  fraud_hold: Hold suspicious orders for review, loyalty_double: Double points this season,
  express_delivery: Delivery on the next day, review_photos: Photos in product reviews, price_test_b: Second price group,
  chat_assistant: Answers by the assistant first, stock_alerts: Mail when a product is back,
  address_check: Check addresses while typing, bank_transfer: Payment by bank transfer`);

function list(text: string): readonly string[] {
  return text.split(',').map((word) => word.trim());
}
