"""Sounds that people ask for, by the names AudioSet gives them (Gemmeke et al. 2017), and the words people use.

A sound is found by the words of its description, so the description says what is heard in more than one way. Names of
the ontology that tell nothing to search for (speech itself, silence, the room) describe nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import accumulate

from longvid_storage.types import Sound

# Name: other words. A name with nothing behind the colon describes itself.
_TABLE = """
Applause: the audience applauds, clapping hands, ovation
Clapping: clapping hands, clap
Cheering: the crowd cheers, hooray
Crowd: many people, audience noise
Booing: the crowd boos
Laughter: people laugh, laughing
Giggle: giggling, laughing
Chuckle, chortle: chuckling, laughing
Baby laughter: a baby laughs, laughing
Crying, sobbing: someone cries, weeping
Baby cry, infant cry: a baby cries, crying
Screaming: someone screams, scream
Shout: someone shouts, shouting, yelling
Whispering: someone whispers
Whistling: someone whistles
Singing: someone sings, song
Choir: a choir sings, singing
Chatter: people chatting, hubbub
Hubbub, speech noise, speech babble: many voices, chatter
Cough: someone coughs, coughing
Sneeze: someone sneezes, sneezing
Snoring: someone snores
Breathing: breath
Sigh: someone sighs
Footsteps: walk, walking, footstep
Finger snapping: snap of fingers
Music: music plays, song, melody, jingle
Musical instrument: music plays, instrument
Guitar: guitar music, strings
Piano: piano music
Drum: drums, drumming, beat
Violin, fiddle: violin music, strings
Trumpet: brass, fanfare
Organ: organ music
Flute: flute music
Theme music: opening music, jingle
Background music: music plays
Dog: a dog barks, barking
Bark: a dog barks, barking
Cat: a cat meows, meowing
Bird: a bird sings, birdsong, chirping
Rooster: crowing, cock crows
Horse: neighing, hooves
Cattle, bovinae: a cow moos
Insect: buzzing, cricket
Bee, wasp, etc.: buzzing, insect
Telephone: a phone rings, ringing
Telephone bell ringing: a phone rings, ringtone
Ringtone: a phone rings, ringing
Alarm: an alarm goes off, beeping
Alarm clock: an alarm goes off, ringing
Smoke detector, smoke alarm: an alarm goes off, fire alarm, beeping
Fire alarm: an alarm goes off
Siren: police, ambulance, fire engine
Bell: a bell rings, ringing, chime
Church bell: a bell rings, ringing
Doorbell: a bell rings, ringing
Buzzer: buzz
Beep, bleep: beeping, tone
Door: a door opens or closes
Slam: a door slams, bang
Knock: someone knocks, knocking at the door
Squeak: squeaking, creaking
Typing: keyboard, keys
Computer keyboard: typing, keys
Writing: pen, pencil, chalk
Camera: a camera clicks, shutter
Glass: glass clinks
Shatter: glass breaks, breaking
Crumpling, crinkling: paper
Tearing: paper tears
Hammer: hammering
Drill: drilling
Sawing: saw
Vacuum cleaner: vacuuming
Gunshot, gunfire: a shot, shooting, gun
Machine gun: shooting, gun
Explosion: it explodes, blast, bang
Fireworks: firecracker, bang
Bang: loud blow
Thunder: thunderstorm, lightning
Rain: raining
Wind: storm
Water: splash, stream
Stream: water flows
Ocean: sea, waves
Fire: burning, crackle
Vehicle: traffic
Car: car passes, driving, traffic
Car horn, honking: a car honks, horn
Motorcycle: motorbike
Truck: lorry
Bus: coach
Train: railway
Train horn: train whistle
Aircraft: aeroplane, plane
Fixed-wing aircraft, airplane: aeroplane, plane
Helicopter: rotor
Engine: motor
Engine starting: motor starts
Static: noise, hiss
Feedback: microphone screeches, howling
"""

# What is always there, or is what the transcript is for.
_NO_EVENT = """
Speech; Male speech, man speaking; Female speech, woman speaking; Child speech, kid speaking; Conversation;
Narration, monologue; Speech synthesizer; Silence; Inside, small room; Inside, large room or hall;
Inside, public space; Outside, urban or manmade; Outside, rural or natural; Noise; Environmental noise; White noise;
Pink noise; Hum; Mains hum; Sound effect; Field recording; Television; Radio; Reverberation; Echo; Human voice
"""


@cache
def sound_table() -> dict[str, str]:
    """Name → other words for it, of every sound listed here."""
    rows = (line.partition(": ") for line in _TABLE.strip().splitlines())
    return {name: words for name, _, words in rows}


@cache
def _no_event() -> frozenset[str]:
    return frozenset(" ".join(name.split()).casefold() for name in _NO_EVENT.split(";"))


def is_event(label: str) -> bool:
    """Whether a sound of that name is worth an entry: not for speech, silence, or the kind of room."""
    return label.casefold() not in _no_event()


def describe_sound(label: str) -> str:
    """What search finds and a citation quotes: the name and other words for it, such as
    ``"Applause (the audience applauds, clapping hands, ovation)"``."""
    words = sound_table().get(label)
    return f"{label} ({words})" if words else label


def origins(told: Iterable[Sound], heard: Iterable[Sound]) -> list[tuple[Sound, str]]:
    """(sound, ``told`` | ``heard`` | ``covered``) in order of time; linear in both but for sorting."""
    rows = [(sound, "told") for sound in told]
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for sound, _ in rows:
        spans[sound.label].append((sound.start_s, sound.end_s))
    until = {}  # label → starts, ascending, and the last end of those up to each
    for label, found in spans.items():
        found.sort()
        until[label] = [each[0] for each in found], list(accumulate((each[1] for each in found), max))
    for sound in heard:
        starts, ends = until.get(sound.label, ((), ()))
        before = bisect_left(starts, sound.end_s)
        rows.append((sound, "covered" if before and ends[before - 1] > sound.start_s else "heard"))
    return sorted(rows, key=lambda row: (row[0].start_s, row[0].end_s, row[0].label))
