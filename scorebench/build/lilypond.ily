%% Read by LilyPond before a score (-dinclude-settings). Writes down what the score means while it is
%% engraved (scorebench.tsv), marks what is drawn, and draws every page a second time as SVG. A notehead carries
%% the number of its note, so that nothing has to be aligned afterwards.

#(define scorebench:port (open-output-file "scorebench.tsv"))
#(define (scorebench:log . words)
   (display (string-join (map (lambda (word) (format #f "~a" word)) words) "\t") scorebench:port)
   (newline scorebench:port))
#(define (scorebench:rational value) (if (ly:moment? value) (ly:moment-main value) value))
#(define (scorebench:now context)
   (let ((now (ly:context-current-moment context)))
     (format #f "~a\t~a" (ly:moment-main now) (ly:moment-grace now))))
#(define (scorebench:midi-pitch pitch) (+ 60 (ly:pitch-semitones pitch)))

%% Numbers for things, in the order in which they are first asked for.
#(define (scorebench:counter)
   (let ((numbers (make-hash-table)) (count 0))
     (lambda (thing)
       (or (hashq-ref numbers thing)
           (begin (set! count (1+ count)) (hashq-set! numbers thing count) count)))))
#(define scorebench:note-number (scorebench:counter))
#(define scorebench:system-number (scorebench:counter))

%% A line whenever the tempo (whole notes a minute) changes.
#(define (scorebench:clock context)
   (let ((tempo #f))
     (lambda ()
       (let ((now (scorebench:rational (ly:context-property context 'tempoWholesPerMinute #f))))
         (if (and now (not (equal? now tempo)))
             (begin
              (set! tempo now)
              (scorebench:log "tempo" (scorebench:now context) now)))))))

#(define (scorebench:log-note context number event)
   (let ((pitch (ly:event-property event 'pitch #f)))
     (if (ly:pitch? pitch)
         (scorebench:log "note" number (scorebench:now context) (scorebench:midi-pitch pitch)
                         (ly:moment-main (ly:event-property event 'length))))))

#(define (scorebench:engraver context)
   (let ((ties '()) (clock (scorebench:clock context)))
     (make-engraver
      ((initialize translator) (scorebench:log "printed"))
      (acknowledgers
       ((note-head-interface translator grob source)
        (let ((cause (ly:grob-property grob 'cause)))
          (if (and (ly:stream-event? cause) (eq? (grob::name grob) 'NoteHead))
              (scorebench:log-note context (scorebench:note-number grob) cause)))))
      ;; A tie is announced when it begins, and again when its right note is there.
      (end-acknowledgers
       ((tie-interface translator grob source) (set! ties (cons grob ties))))
      ((stop-translation-timestep translator)
       (clock)
       (for-each
        (lambda (tie)
          (let ((left (ly:spanner-bound tie LEFT)) (right (ly:spanner-bound tie RIGHT)))
            (if (and (ly:grob? left) (ly:grob? right)
                     (eq? (grob::name left) 'NoteHead) (eq? (grob::name right) 'NoteHead))
                (scorebench:log "tie" (scorebench:note-number left) (scorebench:note-number right)))))
        (reverse ties))
       (set! ties '()))
      ((finalize translator) (scorebench:log "end" (scorebench:now context))))))

#(define (scorebench:performer context)
   (let ((events '()) (clock (scorebench:clock context)))
     (make-performer
      ((initialize translator) (scorebench:log "played"))
      (listeners ((note-event translator event) (set! events (cons event events))))
      ((stop-translation-timestep translator)
       (clock)
       (for-each (lambda (event) (scorebench:log-note context 0 event)) (reverse events))
       (set! events '()))
      ((finalize translator) (scorebench:log "end" (scorebench:now context))))))

%% Marks on the drawing: SVG groups with a class and data of their own.
#(define (scorebench:system grob) `(data-system . ,(scorebench:system-number (ly:grob-system grob))))
#(define (scorebench:mark-head grob)
   `((class . "scorebench-head") ,(scorebench:system grob)
     (data-note . ,(scorebench:note-number grob))
     (data-middle . ,(interval-center (ly:grob-extent grob grob X)))))
#(define (scorebench:mark-staff grob) `((class . "scorebench-staff") ,(scorebench:system grob)))
#(define (scorebench:mark-bar-line grob)
   `((class . "scorebench-bar-line") ,(scorebench:system grob)
     (data-break . ,(ly:item-break-dir grob))))

%% Each page is drawn by the chosen backend (the picture) and as SVG (where things are).
#(define scorebench:pages 0)
#(define (scorebench:also-svg name)
   (let* ((module (resolve-module name))
          (draw (module-ref module 'output-stencils))
          (draw-svg (module-ref (resolve-module '(lily framework-svg)) 'output-stencil)))
     (module-set!
      module 'output-stencils
      (lambda (basename stencils header paper formats)
        (for-each
         (lambda (stencil)
           (set! scorebench:pages (1+ scorebench:pages))
           (draw-svg (format #f "scorebench-~4,'0d" scorebench:pages) stencil paper '("svg")))
         stencils)
        (scorebench:log "book" basename (length stencils))
        (force-output scorebench:port)
        (draw basename stencils header paper formats)))))
#(scorebench:also-svg '(lily framework-ps))

\layout {
  \context {
    \Score
    \consists #scorebench:engraver
    \override NoteHead.output-attributes = #scorebench:mark-head
    \override StaffSymbol.output-attributes = #scorebench:mark-staff
    \override BarLine.output-attributes = #scorebench:mark-bar-line
  }
}
\midi { \context { \Score \consists #scorebench:performer } }
