// What one user's runs left, written by hand: short outcomes and facts of several topics. Data only.

export interface Left {
  readonly id: string;
  readonly text: string;
}

const outcome = (id: string, goal: string, answer: string): Left => ({
  id,
  text: `Goal: ${goal}\nAnswer: ${answer}`,
});
const remembered = (id: string, text: string): Left => ({ id, text });

export const left: readonly Left[] = [
  // Money
  outcome(
    'inv-1',
    'Read the total of invoice 4711',
    'The total of invoice 4711 is 1,284.50 euros, due on 3 December.',
  ),
  outcome(
    'inv-2',
    'Check whether the electricity bill of October was paid',
    'The electricity bill of October was paid by bank transfer on 12 November.',
  ),
  outcome(
    'inv-3',
    'Compare the offers for the office chairs',
    'Nordsitz offers the chairs for 189 euros each, Bürohaus for 214 euros.',
  ),
  outcome(
    'inv-4',
    'Find out what the cloud servers cost last month',
    'The cloud servers cost 642 dollars in October, 8 percent more than in September.',
  ),
  outcome(
    'inv-5',
    'List the subscriptions on the credit card',
    'The credit card pays for a music service, a newspaper and a photo storage.',
  ),
  remembered('inv-6', 'Invoices go to accounting@example.org, with the cost centre 300 in the subject line.'),
  remembered('inv-7', 'Expenses above 500 euros need the approval of Martha.'),
  outcome(
    'inv-8',
    'Work out the tax that has to be paid in advance',
    'The advance payment of income tax is 2,150 euros per quarter.',
  ),
  // Travel
  outcome(
    'trip-1',
    'Find a train from Graz to Vienna on Friday morning',
    'The train at 6:26 from Graz reaches Vienna at 9:02 and costs 29 euros.',
  ),
  outcome(
    'trip-2',
    'Book a hotel near the conference in Lisbon',
    'A room at Hotel Alfama is reserved from 4 to 7 March, breakfast included.',
  ),
  outcome(
    'trip-3',
    'Look up the visa rules for Japan',
    'Austrian citizens need no visa for Japan for stays of up to 90 days.',
  ),
  remembered('trip-4', 'On flights I want an aisle seat, never the middle one.'),
  remembered('trip-5', 'My passport expires in June 2029.'),
  outcome(
    'trip-6',
    'Check the delay of flight OS 561',
    'Flight OS 561 to Zurich left 40 minutes late because of fog.',
  ),
  outcome(
    'trip-7',
    'Rent a car in Porto for a weekend',
    'The cheapest car in Porto is a small one for 74 euros, with full insurance.',
  ),
  remembered('trip-8', 'The frequent flyer number is in the password manager under the name of the airline.'),
  // Food
  remembered('food-1', 'Bob takes his tea without milk and with a slice of lemon.'),
  remembered('food-2', 'Anna is allergic to hazelnuts and walnuts.'),
  outcome(
    'food-3',
    'Reserve a table for six on Saturday',
    'A table for six is reserved at Osteria Luna on Saturday at 19:30.',
  ),
  outcome(
    'food-4',
    'Find a recipe for lentil soup',
    'The lentil soup needs red lentils, cumin, a carrot and twenty-five minutes.',
  ),
  outcome(
    'food-5',
    'Order groceries for the week',
    'The groceries come on Tuesday between 8 and 10; the oat milk was sold out.',
  ),
  remembered('food-6', 'We do not eat pork at home.'),
  outcome(
    'food-7',
    'Which bakery is open on Sunday?',
    'The bakery on Hauptplatz is open on Sundays from 7 to 12.',
  ),
  remembered('food-8', 'The coffee beans that we like are the dark roast from Trieste.'),
  // Servers and software
  outcome(
    'ops-1',
    'Find out why the website was down last night',
    'The website was down because the certificate had expired; it was renewed at 2:10.',
  ),
  outcome(
    'ops-2',
    'Restart the staging database',
    'The staging database was restarted and accepts connections again.',
  ),
  outcome(
    'ops-3',
    'See how full the disks of the backup server are',
    'The backup server has used 83 percent of its disk space.',
  ),
  remembered('ops-4', 'Deployments to production happen on Tuesdays and Thursdays only.'),
  remembered('ops-5', 'The on-call phone number for the network team is on the wiki page Network.'),
  outcome(
    'ops-6',
    'Update the message broker to the newest version',
    'The broker was updated from 2.14 to 2.15 without losing a message.',
  ),
  outcome(
    'ops-7',
    'Measure how long the tests take',
    'The test suite takes 11 minutes, 4 of them for the browser tests.',
  ),
  outcome(
    'ops-8',
    'Look for errors in the log of the payment service',
    'The payment service logged 17 timeouts of the card provider between 13:00 and 13:20.',
  ),
  // Health
  outcome('med-1', 'Make an appointment with the dentist', 'The dentist expects you on 9 December at 8:15.'),
  remembered('med-2', 'My blood type is A negative.'),
  outcome(
    'med-3',
    'Find a pharmacy that is open at night',
    'The pharmacy at the main station is open all night.',
  ),
  remembered('med-4', 'Take the blood pressure pills in the morning, before breakfast.'),
  outcome(
    'med-5',
    'Which vaccinations are due?',
    'The tetanus vaccination is due again in 2027, the one against ticks next spring.',
  ),
  outcome(
    'med-6',
    'Compare gyms in the neighbourhood',
    'The gym on Parkstraße costs 39 euros a month and has a sauna.',
  ),
  remembered('med-7', 'Running hurts my left knee; swimming does not.'),
  outcome(
    'med-8',
    'Ask when the new glasses are ready',
    'The optician says that the glasses can be fetched from Wednesday on.',
  ),
  // House
  outcome(
    'home-1',
    'Find a plumber for the dripping tap',
    'The plumber Huber comes on Monday at 14:00; the visit costs 60 euros.',
  ),
  remembered('home-2', 'The spare key is with Mrs. Novak on the second floor.'),
  outcome(
    'home-3',
    'When is the paper waste collected?',
    'Paper is collected on the first Wednesday of each month.',
  ),
  remembered(
    'home-4',
    'The Wi-Fi router is in the cupboard in the hall; it must be switched off and on when it hangs.',
  ),
  outcome(
    'home-5',
    'Find out how much heating oil is left',
    'The tank still holds 900 litres of heating oil, enough until February.',
  ),
  outcome(
    'home-6',
    'Order a new filter for the vacuum cleaner',
    'The filter for the vacuum cleaner was ordered for 17 euros and arrives on Thursday.',
  ),
  remembered('home-7', 'The tomatoes on the balcony need water every evening in summer.'),
  outcome('home-8', 'Read the water meter', 'The water meter shows 318 cubic metres.'),
  // Work
  outcome(
    'work-1',
    'Summarise the minutes of the board meeting',
    'The board approved the budget and postponed the move to the new office until May.',
  ),
  outcome(
    'work-2',
    'Find a time for a meeting with Tomas and Lena',
    'Tomas, Lena and you are free on Thursday from 15:00 to 16:00.',
  ),
  remembered(
    'work-3',
    'Reports to the customer Brandt are written in German, with a summary of half a page.',
  ),
  outcome(
    'work-4',
    'Translate the contract with the supplier',
    'The contract runs for two years and can be ended with three months of notice.',
  ),
  outcome(
    'work-5',
    'Count the applications for the open position',
    'There are 23 applications for the position of data engineer, 6 of them complete.',
  ),
  remembered('work-6', 'Lena is responsible for the design, Tomas for the backend.'),
  outcome(
    'work-7',
    'Draft an answer to the complaint of Mr. Keller',
    'A draft that apologises for the late parcel and offers ten percent off is in the folder Drafts.',
  ),
  remembered('work-8', 'The slides of the company use the font Inter and the colour green.'),
  // Family
  remembered('fam-1', "My daughter's birthday is on 14 April; she likes books about dinosaurs."),
  outcome(
    'fam-2',
    'Find a piano teacher for beginners',
    'Ms. Orsini teaches beginners the piano on Mondays, 32 euros a lesson.',
  ),
  outcome(
    'fam-3',
    'When do the school holidays begin?',
    'The Christmas holidays begin on 24 December and end on 6 January.',
  ),
  remembered('fam-4', 'Grandmother does not hear the phone; ring her doorbell twice.'),
  outcome(
    'fam-5',
    'Buy tickets for the puppet theatre',
    'Three tickets for the puppet theatre on 29 November are in your mailbox.',
  ),
  remembered('fam-6', 'The dog is called Pixel and must not have chocolate or grapes.'),
  outcome(
    'fam-7',
    'Find a vet who is there on weekends',
    'The veterinary clinic in Andritz treats emergencies on Saturdays and Sundays.',
  ),
  outcome(
    'fam-8',
    'Choose a present for the wedding of Clara and Jonas',
    'Clara and Jonas wish for a waffle iron; it costs 85 euros.',
  ),
];
